import { expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import type { AdvanceRequest } from "../../shared/domain/protocol.ts";
import {
  block,
  checkAfterEach,
  engineOf,
  error,
  leaseOf,
  member,
  type Member,
  newRuns,
  placesOf,
  sleep,
  step,
} from "../support/engine-calls.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

/** A lease of three whose middle run has an output already. */
async function leaseWithOutput() {
  const held = await leaseOf(engine, 3);
  await engine.advance(held.token, 1, { steps: [step(held.runs[1]!, { output: "first" })] });
  return { token: held.token, first: held.runs[0]!, twice: held.runs[1]!, last: held.runs[2]! };
}

test("unchecked, a second output of a node refuses the whole round, and nothing of it is stored", async () => {
  const { token, first, twice } = await leaseWithOutput();
  const steps = [first, twice].map((run) => step(run, { output: "second" }));
  await expect(engine.advance(token, 2, { steps })).rejects.toMatchObject({ sqlstate: "23505" });
  expect(await engine.state(first.id)).not.toHaveProperty("reserve");
  expect((await engine.advance(token, 3, { checked: true, steps })).lost).toEqual([twice.id]);
});

test("a second output of a node is refused: its run is reported and goes back to ready, its neighbours are stored", async () => {
  const { token, first, twice, last } = await leaseWithOutput();
  const steps = [first, twice, last].map((run) => step(run, { output: "second" }));
  const answer = await engine.advance(token, 2, { checked: true, steps, done: [first, twice, last].map(member) });
  expect(answer.lost).toEqual([twice.id]);
  expect(await placesOf(database, first.id)).toEqual(["done"]);
  expect(await placesOf(database, last.id)).toEqual(["done"]);
  expect(await placesOf(database, twice.id)).toEqual(["ready"]);
  expect(await engine.state(twice.id)).toMatchObject({ reserve: "first" });
  expect((await engine.advance(token, 2, { checked: true, steps })).lost).toEqual([twice.id]);
});

const moves: [what: string, (run: Member) => Partial<AdvanceRequest>][] = [
  ["parked", (run) => ({ parks: [{ ...member(run), delay_ms: 60_000 }] })],
  ["put to sleep", (run) => ({ sleeps: [sleep(run, { position: 1 })] })],
  ["set aside", (run) => ({ blocked: [block(run)] })],
  ["failed", (run) => ({ failed: [{ ...member(run), error }] })],
];

for (const [what, facts] of moves) {
  test(`a run whose output was refused is not ${what} by the same round`, async () => {
    const { token, twice } = await leaseWithOutput();
    expect((await engine.advance(token, 2, { checked: true, steps: [step(twice)], ...facts(twice) })).lost).toEqual([twice.id]);
    expect(await placesOf(database, twice.id)).toEqual(["ready"]);
    expect((await engine.findRun(twice.id))!.checkpoints).toHaveLength(1);
  });
}

test("a run with one refused and one new output in a round is reported too", async () => {
  const { token, twice } = await leaseWithOutput();
  const steps = [step(twice), step(twice, { node: "charge", position: 1 })];
  expect((await engine.advance(token, 2, { checked: true, steps })).lost).toEqual([twice.id]);
  expect(await placesOf(database, twice.id)).toEqual(["ready"]);
});

test("a refused run that is also cancelled ends, and is in no place", async () => {
  const { token, twice } = await leaseWithOutput();
  expect(await engine.cancel(twice.id)).toEqual({ status: "cancelling" });
  expect(await engine.advance(token, 2, { checked: true, steps: [step(twice)] })).toMatchObject({ lost: [twice.id], stopped: [twice.id] });
  expect(await placesOf(database, twice.id)).toEqual(["cancelled"]);
});

test("an output under the place of another member is refused", async () => {
  const { token, runs } = await leaseOf(engine, 2);
  const wrong = { ...step(runs[0]!), place: runs[1]!.place };
  expect((await engine.advance(token, 1, { steps: [wrong] })).lost).toEqual([runs[0]!.id]);
  expect(await placesOf(database, runs[0]!.id)).toEqual(["ready"]);
  expect(await engine.state(runs[0]!.id)).not.toHaveProperty("reserve");
});

test("an output under a place that the lease does not have is refused", async () => {
  const { token, runs } = await leaseOf(engine, 2);
  for (const [round, place] of [-1, 2, 1_000].entries()) {
    expect((await engine.advance(token, round + 1, { steps: [{ ...step(runs[0]!), place }] })).lost).toEqual([runs[0]!.id]);
  }
  expect(await placesOf(database, runs[1]!.id)).toEqual(["lease"]);
});

test("a sleep that has begun before still lets its run leave the lease", async () => {
  const { token, runs } = await leaseOf(engine, newRuns(1));
  await engine.advance(token, 1, { steps: [step(runs[0]!, { node: "cool-off" })] });
  await engine.advance(token, 2, { sleeps: [sleep(runs[0]!)] });
  expect(await placesOf(database, runs[0]!.id)).toEqual(["waiting"]);
});

test("a sleep that has begun before keeps what it said", async () => {
  const { token, runs } = await leaseOf(engine, newRuns(1));
  await engine.advance(token, 1, { steps: [step(runs[0]!, { node: "cool-off", output: { until: "then" } })] });
  await engine.advance(token, 2, { sleeps: [sleep(runs[0]!)] });
  expect(await engine.findRun(runs[0]!.id)).toMatchObject({ checkpoints: [{ node: "cool-off", output: { until: "then" } }] });
});
