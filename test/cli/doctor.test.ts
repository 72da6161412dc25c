import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { EXIT } from "../../infra/cli/exit-codes.ts";
import { loadOptional } from "../../infra/cli/stage.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { asUser } from "../db/empty-server.ts";
import { uniqueName } from "../support/cluster.ts";
import { createTestDatabase, type Role, type TestDatabase } from "../support/database.ts";
import { poll } from "../support/poller.ts";
import { pgbaton } from "./pgbaton.ts";

const other = defineWorkflow({ name: "other", version: 1, input: z.object({}) }).step("only", () => null);

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

/** What it finds as a role, but for the tests' server, which works without fsync. */
async function examine(role: Role | "owner", env: Record<string, string> = {}): Promise<{ code: number | null; said: string[] }> {
  const { code, stdout } = await pgbaton(["doctor", "--json"], { env: { DATABASE_URL: database.url(role), ...env } });
  const { findings } = JSON.parse(stdout) as { findings: { about: string; advice?: string }[] };
  const lines = findings.filter(({ about }) => !about.includes("fsync off"));
  return { code, said: lines.map(({ about, advice }) => (advice === undefined ? about : `${about} => ${advice}`)) };
}

test("the owner is said to be the owner, and that is no fault", async () => {
  const { said } = await examine("owner");
  expect(said).toEqual([
    expect.stringMatching(/^logs in as \w+/),
    "schema: current",
    expect.stringMatching(/^\w+ is the owner$/),
    "driver: pg answers",
    "due runs: none",
    "blocked runs: 0",
    expect.stringMatching(/^weeks ahead: \d$/),
  ]);
});

test("a function's login is held against the limits of its group, and what it may not read is left out", async () => {
  const { said } = await examine("poller");
  expect(said).toEqual(
    expect.arrayContaining(["is in baton_poller", "may do nothing else", "statement_timeout is 15000 ms", "driver: pg answers"]),
  );
  expect(said).toContain("runs: not looked at, since this login may not read them");
  const name = new URL(database.url("poller")).username;
  await database.query(`alter role ${name} in database ${database.name} set statement_timeout = 0`);
  expect((await examine("poller")).said).toContain(
    `statement_timeout is without end => alter role "${name}" set statement_timeout = '15s';`,
  );
});

test("a login of people has no limits to keep, and reads the queue", async () => {
  const { said } = await examine("reader");
  expect(said).toEqual(expect.arrayContaining([expect.stringMatching(/^\w+ is in baton_reader$/), "due runs: none", "blocked runs: 0"]));
});

test("a login that is in no group is told so, and one in several is held against no limits", async () => {
  const name = uniqueName("nobody");
  await database.query(`create role ${name} login password 'secret'`);
  const env = { DATABASE_URL: asUser(database.url("owner"), name, "secret") };
  const saying = async () => (await pgbaton(["doctor"], { env })).stdout;
  expect(await saying()).toContain(`FIX  ${name} is in no group of Baton's\n     grant it the one that it needs`);
  await database.query(`grant baton_producer, baton_poller to ${name}`);
  expect(await saying()).toContain(`ok   ${name} is in baton_poller, baton_producer\n`);
  await database.query(`drop role ${name}`);
});

test("the driver that BATON_DRIVER names is asked, and one that gets no answer is to be mended", async () => {
  const neon = { BATON_DRIVER: "neon", BATON_NEON_ENDPOINT: database.neon.url };
  expect((await examine("owner", neon)).said).toContain("driver: neon answers");
  const { code, said } = await examine("owner", { ...neon, BATON_NEON_ENDPOINT: "http://127.0.0.1:9/sql" });
  expect([code, said.at(-1)]).toEqual([5, expect.stringMatching(/^driver: .* => let BATON_DRIVER name /)]);
  expect((await examine("owner", { BATON_DRIVER: "oracle" })).said.at(-1)).toMatch(/^driver: .*"oracle".* => let BATON_DRIVER name /);
});

test("a run that is due and not started is told, and after five minutes a poller is asked for; a blocked one is too", async () => {
  await using own = await createTestDatabase();
  const env = { DATABASE_URL: own.url("owner") };
  await pgbaton(["trigger", "greet", "--workflow-version", "1"], { env });
  const saying = async () => (await pgbaton(["doctor"], { env })).stdout;
  await own.advance("4 minutes");
  expect(await saying()).toMatch(/^ok {3}due runs: 1, the oldest for 4 min$/m);
  await own.advance("2 minutes");
  expect(await saying()).toMatch(/^FIX {2}due runs: 1, the oldest for 6 min\n {5}look whether a poller runs/m);
  await poll(own.database, [other]);
  expect(await saying()).toMatch(/^ok {3}due runs: none\nFIX {2}blocked runs: 1\n {5}deploy code that knows them/m);
});

test("signals by a key that no run has claimed are told, and after a day it is asked by which", async () => {
  await using own = await createTestDatabase();
  const env = { DATABASE_URL: own.url("owner") };
  const sent = await pgbaton(["runs", "signal", "greet", "paid", "1", "--key", "o-1", "--yes"], { env });
  expect([sent.code, sent.stdout]).toEqual([0, "kept for the run that will wait by this key  accepted\n"]);
  const saying = async () => (await pgbaton(["doctor"], { env })).stdout;
  await own.advance("23 hours");
  expect(await saying()).toMatch(/^ok {3}unclaimed signals: 1, by 1 keys, the oldest for 23 h$/m);
  await own.advance("2 hours");
  expect(await saying()).toMatch(/^FIX {2}unclaimed signals: 1, by 1 keys, the oldest for 25 h\n {5}see by which/m);
});

test("a door that does not open is called as it was given", async () => {
  const nowhere = "postgresql://x:y@127.0.0.1:1/z";
  expect((await pgbaton(["doctor", "--url", nowhere])).stderr).toMatch(/check host, port and database in --url, /);
  expect((await pgbaton(["doctor"], { env: { DATABASE_URL: nowhere } })).stderr).toMatch(/check host, port and database in DATABASE_URL, /);
});

test("what a command needs and does not find is asked for in one sentence", async () => {
  const missing = () => Promise.reject(Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" }));
  await expect(loadOptional("doctor --stage needs it.", missing)).rejects.toMatchObject({
    exitCode: EXIT.failure,
    message: "doctor --stage needs it.",
  });
  await expect(loadOptional("", () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
});
