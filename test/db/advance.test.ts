import { expect, test } from "vitest";
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
  newRuns,
  placesOf,
  sleep,
  step,
} from "../support/engine-calls.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
// The endpoint plays the faults.
const overNeon = engineOf(database, "neon");
checkAfterEach(database);

const claim = { max: 10, max_bytes: 1_000_000, low: {}, manifest: [] };
/** Everything that is stored, to see that a call wrote nothing. */
const everything = async () =>
  JSON.stringify(
    await Promise.all(
      ["run", "checkpoint", "failure", "ending", "ready", "lease", "blocked", "control"].map((table) =>
        database.query(`select xmin, t.* from baton.${table} as t order by t::text`),
      ),
    ),
  );

test("a round stores each output once, with the attempt and its times", async () => {
  await database.setNow(new Date("2026-03-04T05:06:07.890Z"));
  const at = new Date("2026-03-04T05:00:00Z");
  await engine.enqueue(newRuns(2, { at }));
  await database.advance("1 minute");
  const { token, runs } = await engine.claim();
  const answer = await engine.advance(token, 1, { steps: [step(runs[0]!, { age_ms: 250, took_ms: 1_000, output: { n: 1.5 } })] });
  expect(answer).toMatchObject({ round: 1, runs: [], stopped: [], lost: [] });
  expect((await engine.findRun(runs[0]!.id))!.checkpoints).toEqual([
    {
      node: "reserve",
      position: 0,
      attempt: 1,
      output: { n: 1.5 },
      started_at: expect.stringContaining("05:07:06.64"),
      finished_at: expect.stringContaining("05:07:07.64"),
      left_out: null,
    },
  ]);
  expect((await engine.findRun(runs[1]!.id))!.checkpoints).toEqual([]);
});

for (const kind of ["drop-after", "truncate", "no-code-after"] as const) {
  test(`a round whose answer is lost (${kind}) gives it again, with the runs it claimed, and writes nothing more`, async () => {
    const { token, runs } = await leaseOf(overNeon, 4);
    await overNeon.enqueue(newRuns(6));
    const facts = {
      steps: runs.slice(0, 2).map((run) => step(run)),
      done: [member(runs[1]!), member(runs[2]!)],
      claim: { ...claim, max: 4 },
    };
    database.neon.inject(() => ({ kind }));
    await expect(overNeon.advance(token, 1, facts)).rejects.toMatchObject({ name: "DatabaseUnknownOutcomeError" });
    database.neon.inject(undefined);
    const stored = await everything();
    const [again, third] = [await overNeon.advance(token, 1, facts), await overNeon.advance(token, 1, facts)];
    expect(again.runs.map(({ place }) => place)).toEqual([1, 2, 4, 5]);
    expect(third.runs).toEqual(again.runs);
    expect(await everything()).toBe(stored);
  });
}

test("a round that is executed twice at once is applied once, and both copies get its answer", async () => {
  const { token, runs } = await leaseOf(overNeon, 3);
  await overNeon.enqueue(newRuns(5));
  database.neon.inject(() => ({ kind: "repeat-concurrently" }));
  const answer = await overNeon.advance(token, 1, { steps: runs.map((run) => step(run)), done: runs.map(member), claim });
  expect(answer.lost).toEqual([]);
  expect(answer.runs.map(({ place }) => place)).toEqual([0, 1, 2, 3, 4]);
});

test("a round that claimed nothing repeats no runs of an earlier one", async () => {
  const { token } = await leaseOf(engine, 1);
  await engine.enqueue(newRuns(2));
  expect((await engine.advance(token, 1, { claim })).runs).toHaveLength(2);
  expect((await engine.advance(token, 2)).runs).toEqual([]);
  expect((await engine.advance(token, 2)).runs).toEqual([]);
});

test("a late copy of an older round is BT001 and writes nothing", async () => {
  const { token, runs } = await leaseOf(engine, 2);
  const first = { steps: [step(runs[0]!)] };
  await engine.advance(token, 1, first);
  await engine.advance(token, 2, { steps: [step(runs[0]!, { node: "charge", position: 1 })] });
  const stored = await everything();
  await expect(engine.advance(token, 1, first)).rejects.toMatchObject({ name: "DatabaseRefusedError", sqlstate: "BT001" });
  await expect(engine.advance(token, 1, { steps: [step(runs[1]!)], done: [member(runs[1]!)] })).rejects.toMatchObject({
    sqlstate: "BT001",
  });
  expect(await everything()).toBe(stored);
});

test("a round number may be skipped: what was refused never comes under another content", async () => {
  const { token, runs } = await leaseOf(engine, 2);
  const unstorable = { steps: [step(runs[0]!, { position: 40_000 })] };
  await expect(engine.advance(token, 1, unstorable)).rejects.toMatchObject({ sqlstate: "22003" });
  await engine.advance(token, 2, { steps: [step(runs[1]!)] });
  await expect(engine.advance(token, 1, { steps: [step(runs[0]!)] })).rejects.toMatchObject({ sqlstate: "BT001" });
  expect((await engine.advance(token, 7)).round).toBe(7);
});

test("a foreign token is BT001 and writes nothing", async () => {
  const { runs } = await leaseOf(engine, 1);
  const stored = await everything();
  const facts = { steps: [step(runs[0]!)], done: [member(runs[0]!)] };
  await expect(engine.advance(crypto.randomUUID(), 1, facts)).rejects.toMatchObject({ sqlstate: "BT001" });
  expect(await everything()).toBe(stored);
});

/** A round that says everything of one run. */
const allLists = (run: Member) => ({
  steps: [step(run)],
  failures: [failure(run)],
  done: [member(run)],
  parks: [{ ...member(run), delay_ms: 0 }],
  released: [{ ...member(run), delay_ms: 0 as const }],
  sleeps: [sleep(run)],
  blocked: [block(run)],
  failed: [{ ...member(run), error }],
});

test("a token writes to the members of its own lease only", async () => {
  const mine = await leaseOf(engine, 1);
  const theirs = await leaseOf(engine, 1);
  const foreign = theirs.runs[0]!;
  for (const place of [0, 1, 7]) {
    const answer = await engine.advance(mine.token, place + 1, allLists({ id: foreign.id, place }));
    expect(answer.lost).toEqual([foreign.id]);
  }
  expect(await engine.findRun(foreign.id)).toMatchObject({ status: "running", checkpoints: [], failures: [] });
  expect(await placesOf(database, foreign.id)).toEqual(["lease"]);
  expect(await placesOf(database, mine.runs[0]!.id)).toEqual(["lease"]);
});

test("runs that have left the lease are no members, whatever a round says of them", async () => {
  const { token, runs } = await leaseOf(engine, 3);
  const [parked, done] = [runs[0]!, runs[1]!];
  await engine.advance(token, 1, { parks: [{ ...member(parked), delay_ms: 0 }], done: [member(done)] });
  const lists = [...Object.entries(allLists(parked)), ...Object.entries(allLists(done))];
  for (const [i, [list, entries]] of lists.entries()) {
    await engine.advance(token, i + 2, { [list]: entries });
    const places = [await placesOf(database, parked.id), await placesOf(database, done.id)];
    expect([list, places]).toEqual([list, [["ready"], ["done"]]]);
  }
  for (const { id } of [parked, done]) expect(await engine.findRun(id)).toMatchObject({ checkpoints: [], failures: [] });
});

test("an expired lease that nobody reaped is still good, and good for its time again", async () => {
  const { token, runs } = await leaseOf(engine, 1, { ttl_ms: 1_000 });
  await database.advance("1 hour");
  expect((await engine.advance(token, 1, { steps: [step(runs[0]!)] })).lost).toEqual([]);
  expect(await engine.tick()).toMatchObject({ crashed: 0 });
  expect(await placesOf(database, runs[0]!.id)).toEqual(["lease"]);
});

test("a reaped lease is BT001, whoever has its runs now", async () => {
  const { token, runs } = await leaseOf(engine, 1);
  await database.advance("31 seconds");
  expect(await engine.tick()).toMatchObject({ crashed: 1, suspects: true });
  await expect(engine.advance(token, 1, { steps: [step(runs[0]!)] })).rejects.toMatchObject({ sqlstate: "BT001" });
  const next = await engine.claim({ suspects: true });
  await expect(engine.advance(token, 1, { done: runs.map(member) })).rejects.toMatchObject({ sqlstate: "BT001" });
  await engine.advance(next.token, 1, { steps: [step(next.runs[0]!)], done: [member(next.runs[0]!)] });
  expect(await placesOf(database, runs[0]!.id)).toEqual(["done"]);
});

test("a heartbeat is a round with nothing in it: it keeps the lease", async () => {
  const { token } = await leaseOf(engine, 1, { ttl_ms: 30_000 });
  for (const round of [1, 2, 3, 4]) {
    await database.advance("20 seconds");
    await engine.advance(token, round);
    expect(await engine.tick()).toMatchObject({ crashed: 0, lease_expires_in_ms: expect.any(Number) });
  }
});

test("release gives every member back with nothing counted, and again is a success", async () => {
  const { token, runs } = await leaseOf(engine, 3);
  await engine.advance(token, 1, { done: [member(runs[0]!)] });
  expect(await engine.release(token)).toEqual({ released: 2 });
  expect(await engine.release(token)).toEqual({ released: 0 });
  expect(await placesOf(database, runs[1]!.id)).toEqual(["ready"]);
  expect(await engine.findRun(runs[1]!.id)).toMatchObject({ status: "ready", crashes: 0 });
  // Not suspects, whom only a lease of their own would take.
  expect((await engine.claim()).runs).toHaveLength(2);
  await expect(engine.advance(token, 2)).rejects.toMatchObject({ sqlstate: "BT001" });
});

test("the lease of a poller that finished everything and vanished is removed without a crash", async () => {
  const { token, runs } = await leaseOf(engine, 1);
  await engine.advance(token, 1, { done: runs.map(member) });
  await database.advance("1 minute");
  expect(await engine.tick()).toMatchObject({ crashed: 0 });
  expect(await database.query("select from baton.lease")).toEqual([]);
});
