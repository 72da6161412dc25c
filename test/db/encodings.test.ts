import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterEach, expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { checkAfterEach, claimRequest, engineOf, member, newRun, step } from "../support/engine-calls.ts";

const database = await createTestDatabase();
await database.query("create table public.word (word text); grant insert on public.word to baton_poller");
checkAfterEach(database);
afterEach(() => database.query(`alter database ${database.name} reset all`));

const text = "ü€あ\u{1f600}";

test.each(
  ["LATIN1", "WIN1252", "EUC_JP", "SQL_ASCII"].flatMap((encoding) => (["pg", "neon"] as const).map((driver) => ({ encoding, driver }))),
)(
  "where the database says client_encoding = $encoding, each text comes back through $driver as it went: the drivers speak UTF-8",
  async ({ encoding, driver }) => {
    await database.query(`alter database ${database.name} set client_encoding = ${encoding}`);
    const engine = engineOf(database, driver);
    const run = newRun({ workflow: text, input: { [text]: text }, key: text, hash: text });
    await engine.enqueue([run]);
    expect(await engine.state(run.id)).toEqual({ input: { [text]: text } });
    expect(await engine.findRun(run.id)).toMatchObject({ workflow: text });
    expect(await engine.listRuns({ workflow: text, limit: 10 })).toHaveLength(1);
    const { token, runs } = await engine.claim();
    expect(runs).toMatchObject([{ id: run.id, workflow: text, input: { [text]: text } }]);
    const round = { steps: [step(runs[0]!, { output: text })], done: [member(runs[0]!)] };
    await engine.advanceWith(token, 1, round, [{ text: "insert into public.word values ($1)", values: [text] }]);
    expect(await engine.state(run.id)).toMatchObject({ reserve: text });
    expect(await database.query("delete from public.word returning word")).toEqual([{ word: text }]);
  },
);

test("a session whose encoding lacks a letter of a run is told so, and has claimed nothing", async () => {
  const engine = engineOf(database);
  const run = newRun({ input: { text } });
  await engine.enqueue([run]);
  const session = new pg.Client({ connectionString: database.ownerUrl });
  await session.connect();
  await session.query("set client_encoding = LATIN1");
  const refused = session.query("select baton.claim($1, $2)", [randomUUID(), JSON.stringify(claimRequest())]);
  await expect(refused).rejects.toThrow(/has no equivalent in encoding "LATIN1"/);
  await session.end();
  expect((await engine.claim()).runs.map(({ id }) => id)).toEqual([run.id]);
});
