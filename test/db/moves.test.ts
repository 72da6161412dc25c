import { expect, test } from "vitest";
import type { AdvanceRequest } from "../../shared/domain/protocol.ts";
import { createTestDatabase } from "../support/database.ts";
import {
  block,
  checkAfterEach,
  engineOf,
  error,
  failure,
  leaseOf,
  member,
  type Member,
  newRun,
  newRuns,
  placesOf,
  sleep,
  step,
} from "../support/engine-calls.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

const claim = (max: number) => ({ max, max_bytes: 1_000_000, low: {}, manifest: [] });
const placeOf = (runs: readonly Member[]) => runs.map(({ place }) => place);

const moves: [what: string, (run: Member) => Partial<AdvanceRequest>, place: string][] = [
  ["stores an output", (run) => ({ steps: [step(run)] }), "lease"],
  ["fails and is tried again at once", (run) => ({ failures: [failure(run)] }), "lease"],
  ["is done", (run) => ({ steps: [step(run)], done: [member(run)] }), "done"],
  ["fails for good", (run) => ({ failures: [failure(run, { delay_ms: null })], failed: [{ ...member(run), error }] }), "failed"],
  ["waits for a retry", (run) => ({ failures: [failure(run)], parks: [{ ...member(run), delay_ms: 60_000 }] }), "waiting"],
  ["is parked without a delay", (run) => ({ parks: [{ ...member(run), delay_ms: 0 }] }), "ready"],
  ["sleeps", (run) => ({ sleeps: [sleep(run)] }), "waiting"],
  ["is given back", (run) => ({ released: [{ ...member(run), delay_ms: 0 }] }), "ready"],
  ["is unknown to the code", (run) => ({ blocked: [block(run)] }), "blocked"],
];

for (const [what, facts, place] of moves) {
  test(`a run that ${what} is then in one place: ${place}`, async () => {
    await database.setNow(new Date());
    await engine.enqueue(newRuns(3));
    await database.advance("1 second");
    const { token, runs } = await engine.claim();
    const run = runs[1]!;
    await engine.advance(token, 1, facts(run));
    expect(await placesOf(database, run.id)).toEqual([place]);
    // A neighbour stays where it is, and the next round of the same run does nothing unless it is a
    // member still.
    expect(await placesOf(database, runs[0]!.id)).toEqual(["lease"]);
    const { lost } = await engine.advance(token, 2, { done: [member(run)] });
    expect(lost).toEqual([]);
    expect(await placesOf(database, run.id)).toEqual([place === "lease" ? "done" : place]);
  });
}

test("one round moves many runs in all ways", async () => {
  await database.setNow(new Date());
  await engine.enqueue(newRuns(9));
  await database.advance("1 second");
  const { token, runs } = await engine.claim();
  const round: Record<string, unknown[]> = {};
  for (const [i, [, facts]] of moves.entries()) {
    for (const [list, entries] of Object.entries(facts(runs[i]!))) (round[list] ??= []).push(...(entries as unknown[]));
  }
  await engine.advance(token, 1, round);
  const places = await Promise.all(runs.map(({ id }) => placesOf(database, id)));
  expect(places).toEqual(moves.map(([, , place]) => [place]));
  expect(await engine.release(token)).toEqual({ released: 2 });
});

test("runs that come into a lease take the free places first, and nobody changes place", async () => {
  const held = await leaseOf(engine, 6);
  await engine.advance(held.token, 1, { done: [1, 3, 4].map((i) => member(held.runs[i]!)) });
  await engine.enqueue(newRuns(5));
  const more = await engine.advance(held.token, 2, { claim: claim(5) });
  expect(placeOf(more.runs)).toEqual([1, 3, 4, 6, 7]);
  const all = [held.runs[0]!, held.runs[2]!, held.runs[5]!, ...more.runs];
  const { lost } = await engine.advance(held.token, 3, { steps: all.map((run) => step(run)), done: all.map(member) });
  expect(lost).toEqual([]);
  for (const { id } of all) expect(await placesOf(database, id)).toEqual(["done"]);
});

test("places left in a round are filled in the same round", async () => {
  const held = await leaseOf(engine, 2);
  await engine.enqueue(newRuns(2));
  const { runs } = await engine.advance(held.token, 1, { done: held.runs.map(member), claim: claim(2) });
  expect(placeOf(runs)).toEqual([0, 1]);
});

test("a run that left a lease may come back into another place of it", async () => {
  const held = await leaseOf(engine, 3);
  const runs: readonly Member[] = held.runs;
  const [first, second, third] = runs as [Member, Member, Member];
  await engine.advance(held.token, 1, { parks: [{ ...member(third), delay_ms: 0 }] });
  const back = await engine.advance(held.token, 2, { done: [member(first)], claim: claim(1) });
  expect(back.runs).toMatchObject([{ id: third.id, place: 0 }]);
  await engine.cancel(third.id);
  const answer = await engine.advance(held.token, 3, { steps: [step(second)] });
  expect(answer.stopped).toEqual([third.id]);
  expect(await engine.release(held.token)).toEqual({ released: 1 });
});

test("what comes out of ready into a lease brings its outputs and its failures by node", async () => {
  const { token, runs } = await leaseOf(engine, 1);
  const run = runs[0]!;
  await engine.advance(token, 1, { steps: [step(run)], failures: [failure(run, { node: "charge" })] });
  await engine.advance(token, 2, { failures: [failure(run, { node: "charge", attempt: 2 })], parks: [{ ...member(run), delay_ms: 0 }] });
  const again = await engine.claim();
  expect(again.runs).toMatchObject([{ outputs: { reserve: { reserved: true } }, failures: { charge: 2 }, forgiven: null }]);
  await engine.release(again.token);
  const other = await leaseOf(engine, 1, { max: 1 });
  expect((await engine.advance(other.token, 1, { claim: claim(5) })).runs).toMatchObject([{ id: expect.any(String) }]);
});

test("stopped runs are told again when the round is sent again", async () => {
  const { token, runs } = await leaseOf(engine, 2);
  await engine.cancel(runs[0]!.id);
  const first = await engine.advance(token, 1, { steps: [step(runs[0]!)], parks: [{ ...member(runs[0]!), delay_ms: 0 }] });
  expect(first.stopped).toEqual([runs[0]!.id]);
  expect(await engine.advance(token, 1)).toMatchObject({ stopped: first.stopped, lost: [] });
  expect((await engine.advance(token, 2)).stopped).toEqual([]);
  expect(await placesOf(database, runs[0]!.id)).toEqual(["cancelled"]);
});

test("a run that is done in the round that would cancel it is done", async () => {
  const { token, runs } = await leaseOf(engine, 1);
  expect(await engine.cancel(runs[0]!.id)).toEqual({ status: "cancelling" });
  const answer = await engine.advance(token, 1, { steps: [step(runs[0]!)], done: runs.map(member) });
  expect(answer.stopped).toEqual([]);
  expect(await placesOf(database, runs[0]!.id)).toEqual(["done"]);
  expect(await engine.cancel(runs[0]!.id)).toEqual({ status: "done" });
  expect(await database.query("select from baton.control")).toEqual([]);
});

test("a lease of one place can be filled and emptied a hundred times", async () => {
  await engine.enqueue(newRuns(101, { workflow: "tiny" }));
  const { token, runs } = await engine.claim({ max: 1 });
  let run: Member = runs[0]!;
  for (let round = 1; round <= 100; round++) {
    const answer = await engine.advance(token, round, { steps: [step(run)], done: [member(run)], claim: claim(1) });
    expect(placeOf(answer.runs)).toEqual([0]);
    run = answer.runs[0]!;
  }
  expect((await engine.listRuns({ status: "done", workflow: "tiny", limit: 100 })).length).toBe(100);
});

test("a run keeps its priority wherever it comes from", async () => {
  const { token, runs } = await leaseOf(engine, [newRun({ priority: 0 }), newRun({ priority: 3 })]);
  await engine.advance(token, 1, { parks: [{ ...member(runs[0]!), delay_ms: 0 }], released: [{ ...member(runs[1]!), delay_ms: 0 }] });
  const bands = await database.query("select band - priority as moved from baton.ready join baton.run on id = run_id");
  expect(bands.map(({ moved }) => Number(moved))).toEqual([0, 0]);
});

test("a run that is put back weighs its input and its outputs", async () => {
  const { token, runs } = await leaseOf(engine, 1);
  const [{ bytes: input }] = (await database.query("select octet_length(input::text) as bytes from baton.run")) as [{ bytes: number }];
  await engine.advance(token, 1, { steps: [step(runs[0]!, { output: "x".repeat(98) })], parks: [{ ...member(runs[0]!), delay_ms: 0 }] });
  expect(await database.query("select bytes from baton.ready")).toEqual([{ bytes: input + 100 }]);
});
