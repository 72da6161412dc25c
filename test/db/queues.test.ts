import { expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { checkAfterEach, engineOf, error, member, newRun, newRuns, sleep, step } from "../support/engine-calls.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

const idsOf = (runs: readonly { readonly id: string }[]) => runs.map(({ id }) => id).toSorted();
const bandsOf = async () => (await database.query<{ band: number }>("select band from baton.ready order by band")).map(({ band }) => band);

/** Runs that were parked for a queue, in the order of their ids. */
async function park(queue: string, count: number, delay = 0, settings: Parameters<typeof newRun>[0] = {}): Promise<string[]> {
  const runs = Array.from({ length: count }, () => newRun(settings));
  await engine.enqueue(runs);
  const { token, runs: claimed } = await engine.claim({ max: count });
  const parks = claimed.map((run) => ({ ...member(run), delay_ms: delay, queue }));
  await engine.advance(token, 1, { parks });
  await engine.release(token);
  return idsOf(claimed);
}

test("a claim takes the runs of its own queue alone, by priority, and its rounds claim more of them", async () => {
  const heavy = await park("heavy", 3);
  const home = await engine.enqueue(newRuns(2));
  const { token, runs } = await engine.claim({ queue: "heavy", max: 2 });
  const more = await engine.advance(token, 1, { claim: { max: 5, max_bytes: 1_000_000, low: {}, manifest: [] } });
  expect(idsOf([...runs, ...more.runs])).toEqual(heavy);
  expect(idsOf((await engine.claim()).runs)).toEqual(idsOf(home.runs));
});

test("what a lease gives back goes to the bands of its queue: released, asleep, or suspect after a crash", async () => {
  await park("heavy", 3, 0, { priority: 1 });
  const { token, runs } = await engine.claim({ queue: "heavy" });
  const [asleep, released] = runs;
  await engine.advance(token, 1, { sleeps: [sleep(asleep!, { delay_ms: 60_000 })], released: [{ ...member(released!), delay_ms: 0 }] });
  expect(await bandsOf()).toEqual([17, 17]);
  await database.advance("31 seconds");
  const { suspects, queues, lease_expires_in_ms: expires } = await engine.tick();
  expect([suspects, queues!["heavy"]!.suspects, expires]).toEqual([false, true, null]);
  expect(await bandsOf()).toEqual([17, 17, 20]);
  expect((await engine.claim({ suspects: true })).runs).toEqual([]);
  expect((await engine.claim({ queue: "heavy", suspects: true })).runs).toHaveLength(1);
});

test("a tick tells how it stands with each queue, and of the default one as if there were no other", async () => {
  expect(await engine.tick()).not.toHaveProperty("queues");
  await park("heavy", 1);
  await park("gpu", 1, 60_000);
  await database.advance("10 seconds");
  const { token } = await engine.claim({ queue: "heavy", max: 1 });
  await database.advance("5 seconds");
  const told = await engine.tick();
  expect(told).toMatchObject({ oldest_ms: 0, due_in_ms: null, suspects: false, lease_expires_in_ms: null });
  // However long this took, no time is longer than from when it was set.
  const { heavy, gpu } = told.queues!;
  expect(heavy).toMatchObject({ oldest_ms: 0, due_in_ms: null, suspects: false });
  expect(gpu).toMatchObject({ oldest_ms: 0, suspects: false, lease_expires_in_ms: null });
  expect(heavy!.lease_expires_in_ms).toBeLessThanOrEqual(25_000);
  expect(gpu!.due_in_ms).toBeLessThanOrEqual(45_000);
  await engine.release(token);
  await database.advance("7 seconds");
  const later = (await engine.tick()).queues!["heavy"]!;
  expect(later).toMatchObject({ due_in_ms: 0, lease_expires_in_ms: null });
  expect(later.oldest_ms).toBeGreaterThanOrEqual(7_000);
});

test("a claim and a round tell when the next run of their own queue is due, also when they are sent again", async () => {
  await park("heavy", 1);
  await park("heavy", 1, 60_000);
  await engine.enqueue([newRun({ delay_ms: 20_000 })]);
  const claimed = await engine.claim({ queue: "heavy" });
  const again = await engine.claim({ queue: "heavy" }, claimed.token);
  const round = { claim: { max: 5, max_bytes: 1_000_000, low: {}, manifest: [] } };
  const [first, second] = [await engine.advance(claimed.token, 1, round), await engine.advance(claimed.token, 1, round)];
  for (const answer of [claimed, again, first, second]) {
    expect(answer.due_in_ms).toBeGreaterThan(20_000);
    expect(answer.due_in_ms).toBeLessThanOrEqual(60_000);
  }
});

test("runs go directly to a queue that somebody has claimed for, and else to the default one", async () => {
  await engine.enqueue([newRun()], undefined, "heavy");
  expect(await bandsOf()).toEqual([2]);
  await engine.claim({ queue: "heavy" });
  await engine.enqueue([newRun({ priority: 0 })], undefined, "heavy");
  expect(await bandsOf()).toEqual([2, 16]);
});

test("queues that are first heard of at the same time get numbers of their own", async () => {
  const names = Array.from({ length: 20 }, (_, n) => `queue-${n % 10}`);
  await Promise.all(names.map((queue) => engine.claim({ queue })));
  const numbers = await database.query<{ id: number }>("select id from baton.queue order by id");
  expect(numbers.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test("a run that is parked for the default queue goes home", async () => {
  await park("heavy", 1);
  const { token, runs } = await engine.claim({ queue: "heavy" });
  await engine.advance(token, 1, { steps: [step(runs[0]!)], parks: [{ ...member(runs[0]!), delay_ms: 0, queue: "default" }] });
  expect(await bandsOf()).toEqual([2]);
});

test("blocked runs are claimed again by the default poller alone, and a poison run ends on any queue", async () => {
  await park("heavy", 2);
  const { token, runs } = await engine.claim({ queue: "heavy" });
  const [blocked, poison] = runs;
  const block = { ...member(blocked!), workflow: "fulfil-order", version: 1, shape: "old", reason: "another shape" };
  await engine.advance(token, 1, { blocked: [block], failed: [{ ...member(poison!), error }] });
  const manifest = [{ name: "fulfil-order", version: 1, shape: "new" }];
  expect((await engine.claim({ queue: "heavy", manifest })).runs).toEqual([]);
  expect(idsOf((await engine.claim({ manifest })).runs)).toEqual([blocked!.id]);
});

test("three crashes alone end a run on a heavy queue as poison", async () => {
  const [id] = await park("heavy", 1);
  for (let crash = 0; crash < 3; crash++) {
    const { token, round } = await engine.claim({ queue: "heavy", suspects: crash > 0 });
    await engine.advance(token, round + 1, {});
    await database.advance("31 seconds");
    await engine.tick();
  }
  expect(await engine.findRun(id!)).toMatchObject({ status: "failed", error: { name: "PoisonError" } });
});

test("runs of every queue are listed, found, shown in the backlog and failed where their time cannot be meant", async () => {
  const [due] = await park("heavy", 1);
  const [later] = await park("gpu", 1, 60_000);
  const listed = async (status: "ready" | "waiting") => idsOf(await engine.listRuns({ limit: 10, status }));
  expect([await listed("ready"), await listed("waiting")]).toEqual([[due], [later]]);
  expect([(await engine.findRun(due!))!.queue, (await engine.findRun(later!))!.queue]).toEqual(["heavy", "gpu"]);
  const backlog = await database.query("select queue, suspect from baton.backlog order by queue");
  expect(backlog).toEqual([
    { queue: "gpu", suspect: false },
    { queue: "heavy", suspect: false },
  ]);
  await database.query("update baton.ready set run_at = 'infinity' where run_id = $1", [later]);
  expect((await engine.tick()).poisoned).toBe(1);
  expect((await engine.findRun(later!))!.status).toBe("failed");
});

test("a clock that is set back keeps no run of any queue waiting", async () => {
  await database.advance("2 hours");
  await engine.tick();
  const ids = [...(await park("heavy", 1, 60_000)), ...(await park("gpu", 1, 60_000))];
  await engine.tick();
  await database.advance("-2 hours");
  await engine.tick();
  await database.advance("2 minutes");
  const found = [...(await engine.claim({ queue: "heavy" })).runs, ...(await engine.claim({ queue: "gpu" })).runs];
  expect(idsOf(found)).toEqual(ids.toSorted());
});
