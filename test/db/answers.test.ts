import { v7 } from "uuid";
import { expect, test } from "vitest";
import type { Json } from "../../shared/domain/json.ts";
import { createTestDatabase } from "../support/database.ts";
import { checkAfterEach, engineOf, error, leaseOf, member, placesOf, step } from "../support/engine-calls.ts";
import { interleave } from "../support/interleaving.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

const DAY = 86_400_000;
const path = "sign-off";
const name = `${path}/~decision/00000`;
const approve: Json = { decision: "approve", by: null, comment: null };
const decide = (run: string, more: object = {}) => ({ run, path, name, body: approve, generation: 0, ...more });
const complete = (run: string, more: object = {}) => ({
  run,
  path,
  name: `${path}/~callback/00001`,
  body: { output: 5 },
  attempt: 1,
  ...more,
});
const messages = () => database.query("select name, body from baton.message order by n");
const failure = (path: string) => ({ node: path, attempt: 1, age_ms: 0, took_ms: 0, delay_ms: null, error });

/** A run in a lease, and how to go on with it. */
async function leased() {
  const { token, runs } = await leaseOf(engine, 1);
  const [run] = runs;
  let round = 0;
  const advance = (facts: object) => engine.advance(token, ++round, facts);
  const park = () => advance({ waits: [{ ...member(run!), delay_ms: DAY, bytes: 2, names: [name, `${path}/~callback/00001`] }] });
  return { id: run!.id, run: run!, token, advance, park };
}

test("a decision wakes the run that waits for it, and the first one counts", async () => {
  const { id, park } = await leased();
  await park();
  expect(await engine.answerWait(decide(id, { look: true }))).toMatchObject({ status: "accepted", woken: false, workflow: "fulfil-order" });
  expect(await messages()).toEqual([]);
  expect(await engine.answerWait(decide(id))).toEqual({ status: "accepted", woken: true, workflow: "fulfil-order", version: 1 });
  expect(await engine.answerWait(decide(id))).toMatchObject({ status: "repeated", woken: false });
  expect(await engine.answerWait(decide(id, { body: { decision: "reject" } }))).toMatchObject({ status: "answered" });
  expect(await messages()).toEqual([{ name, body: approve }]);
  expect(await placesOf(database, id)).toEqual(["ready"]);
});

test("an answer that comes before the run waits is kept, and the run is due as soon as it parks", async () => {
  const { id, park } = await leased();
  expect(await engine.answerWait(complete(id))).toMatchObject({ status: "accepted", woken: false });
  await park();
  expect(await placesOf(database, id)).toEqual(["ready"]);
});

test("what is stored, asked anew, over or unknown takes no answer", async () => {
  const done = await leased();
  await done.advance({ steps: [step(done.run, { node: path, output: 5 })] });
  expect(await engine.answerWait(complete(done.id))).toMatchObject({ status: "repeated" });
  expect(await engine.answerWait(complete(done.id, { body: { output: 6 } }))).toMatchObject({ status: "answered" });
  expect(await engine.answerWait(decide(done.id))).toMatchObject({ status: "answered" });
  const failed = await leased();
  await failed.advance({ failures: [{ ...member(failed.run), ...failure(path) }] });
  expect(await engine.answerWait(complete(failed.id))).toMatchObject({ status: "superseded" });
  expect(await engine.answerWait(complete(failed.id, { attempt: 2 }))).toMatchObject({ status: "accepted" });
  await failed.advance({ failed: [{ ...member(failed.run), error }] });
  expect(await engine.answerWait(decide(failed.id))).toMatchObject({ status: "ended", ended: "failed" });
  await engine.redrive(failed.id);
  expect(await engine.answerWait(decide(failed.id))).toMatchObject({ status: "superseded" });
  expect(await engine.answerWait(decide(failed.id, { generation: 1 }))).toMatchObject({ status: "accepted" });
  expect(await engine.answerWait(decide(v7()))).toEqual({ status: "unknown", woken: false });
});

test("a claim tells how often a run was redriven", async () => {
  const { id, run, advance } = await leased();
  await advance({ steps: [step(run)], failed: [{ ...member(run), error }] });
  await engine.redrive(id);
  expect((await engine.claim()).runs).toMatchObject([{ id, redrives: 1 }]);
});

test("a heartbeat takes the place of the last, and wakes nobody", async () => {
  const { id, park } = await leased();
  await park();
  const beat = (note: string) => ({ ...complete(id), name: `${path}/~beat/00001`, body: { note }, replaces: true as const });
  for (const note of ["a", "b", "b"]) expect(await engine.answerWait(beat(note))).toMatchObject({ status: "accepted", woken: false });
  expect(await messages()).toEqual([{ name: `${path}/~beat/00001`, body: { note: "b" } }]);
  expect(await placesOf(database, id)).toEqual(["waiting"]);
});

test("a run with 1,000 messages takes no more answers", async () => {
  const { id } = await leased();
  await database.query(
    "insert into baton.message (run_id, name, body, at) select $1, 'x', '1', baton.now() from generate_series(1, 1000)",
    [id],
  );
  expect(await engine.answerWait(decide(id))).toMatchObject({ status: "full" });
});

test.each([
  [{ name: "paid" }, "which is none below its path"],
  [{ run: "x" }, "the run of the answer is"],
  [{ other: 1 }, "unknown key"],
  [{ body: "x".repeat(65_536) }, "more than 65536"],
])("an answer of another shape is refused: %o", async (more, sentence) => {
  const { id } = await leased();
  await expect(engine.answerWait(decide(id, more))).rejects.toThrow(sentence);
});

const answered = (run: string, body: Json = approve) => ({
  role: "signaller" as const,
  text: "baton.answer_wait($1)",
  values: [JSON.stringify(decide(run, { body }))],
});

test("of two who decide at once one is accepted, and the other is told so", async () => {
  for (const isParked of [true, false]) {
    const { id, park } = await leased();
    if (isParked) await park();
    const { first, second } = await interleave(database, answered(id), answered(id, { decision: "reject" }));
    expect([first, second]).toMatchObject([{ status: "accepted" }, { waited: true, answer: { status: "answered" } }]);
    await database.query("delete from baton.message");
  }
});

test.each(["cancel", "redrive", "delete_run"])("decide against %s: one winner, no wake lost", async (what) => {
  const { id, park, advance, run } = await leased();
  if (what === "cancel") await park();
  else await advance({ failed: [{ ...member(run), error }] });
  const other = { role: "operator" as const, text: `baton.${what}($1)`, values: [id] };
  const { first, second } = await interleave(database, answered(id), other);
  if (what === "cancel") {
    expect(first).toMatchObject({ status: "accepted" });
    expect(second.answer).toMatchObject({ status: expect.stringMatching(/^cancel/) });
  } else expect(first).toMatchObject({ status: "ended" });
});

test("cancel, then decide: the run is over, and the decision is refused", async () => {
  const { id, park } = await leased();
  await park();
  const cancel = { role: "operator" as const, text: "baton.cancel($1)", values: [id] };
  const { second } = await interleave(database, cancel, answered(id));
  expect(second.answer).toMatchObject({ status: expect.stringMatching(/^(accepted|ended)$/) });
  expect(await engine.answerWait(decide(id))).toMatchObject({ status: "ended", ended: "cancelled" });
});
