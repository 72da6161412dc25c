import { expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { checkAfterEach, engineOf, error, failure, leaseOf, member, newRuns, placesOf, sleep, step } from "../support/engine-calls.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

/** A run that failed its first two attempts of `charge` and then for good. */
async function failedRun(): Promise<string> {
  const { token, runs } = await leaseOf(engine, 1);
  const run = runs[0]!;
  await engine.advance(token, 1, { steps: [step(run)] });
  await engine.advance(token, 2, { failures: [failure(run, { node: "charge" })] });
  const last = failure(run, { node: "charge", attempt: 2, delay_ms: null });
  await engine.advance(token, 3, { failures: [last], failed: [{ ...member(run), error }] });
  await engine.release(token);
  return run.id;
}

test("a failed attempt is one row with its times, its error and the time of the next attempt", async () => {
  const at = new Date("2026-03-04T05:06:07.890Z");
  await database.setNow(at);
  await engine.enqueue(newRuns(1, { at }));
  await database.advance("1 second");
  const { token, runs } = await engine.claim();
  await database.advance("1 minute");
  await engine.advance(token, 1, { failures: [failure(runs[0]!, { age_ms: 890, took_ms: 2_000, delay_ms: 5_000 })] });
  const [stored] = (await engine.findRun(runs[0]!.id))!.failures;
  expect(stored).toMatchObject({ node: "reserve", attempt: 1, error });
  expect([stored!.started_at, stored!.finished_at, stored!.retry_at].map((time) => new Date(time!).toISOString())).toEqual([
    "2026-03-04T05:07:06.000Z",
    "2026-03-04T05:07:08.000Z",
    "2026-03-04T05:07:13.890Z",
  ]);
});

test("the next claim is told how often each node has failed", async () => {
  const { token, runs } = await leaseOf(engine, 1);
  const run = runs[0]!;
  const failures = [failure(run), failure(run, { attempt: 2 }), failure(run, { node: "charge" })];
  await engine.advance(token, 1, { failures, parks: [{ ...member(run), delay_ms: 1_000 }] });
  expect((await engine.claim()).runs).toEqual([]);
  await database.advance("2 seconds");
  expect((await engine.claim()).runs).toMatchObject([{ failures: { reserve: 2, charge: 1 }, forgiven: null, outputs: null }]);
});

test("the last attempt has no next one", async () => {
  expect((await engine.findRun(await failedRun()))!.failures.map(({ retry_at }) => retry_at === null)).toEqual([false, true]);
});

test("a sleep is a checkpoint that says until when, and its run is due then", async () => {
  const at = new Date("2026-03-04T05:06:07.890Z");
  await database.setNow(at);
  await engine.enqueue(newRuns(1, { at }));
  await database.advance("1 second");
  const { token, runs } = await engine.claim();
  await engine.advance(token, 1, { sleeps: [sleep(runs[0]!, { delay_ms: 3_600_000 })] });
  const facts = (await engine.findRun(runs[0]!.id))!;
  expect(facts.status).toBe("waiting");
  expect(facts.checkpoints).toMatchObject([{ node: "cool-off", output: { until: "2026-03-04T06:06:08.890Z" } }]);
  expect([facts.run_at, facts.checkpoints[0]!.finished_at].map((time) => Date.parse(time!))).toEqual(
    Array.from({ length: 2 }, () => Date.parse("2026-03-04T06:06:08.890Z")),
  );
  await database.advance("59 minutes 59 seconds");
  expect((await engine.claim()).runs).toEqual([]);
  await database.advance("1 second");
  expect((await engine.claim()).runs).toMatchObject([{ outputs: { "cool-off": { until: "2026-03-04T06:06:08.890Z" } } }]);
});

test("redrive lets a failed run go on where it stopped, with all its attempts anew", async () => {
  const id = await failedRun();
  expect(await engine.redrive(id)).toEqual({ status: "failed", redriven: true, changed: true });
  expect(await placesOf(database, id)).toEqual(["ready"]);
  expect((await engine.claim()).runs).toMatchObject([
    { id, outputs: { reserve: { reserved: true } }, failures: { charge: 2 }, forgiven: { charge: 2 } },
  ]);
});

test("redrive again changes nothing, whatever has become of the run", async () => {
  const id = await failedRun();
  await engine.redrive(id);
  expect(await engine.redrive(id)).toEqual({ status: "unfinished", redriven: true, changed: false });
  const { token, runs } = await engine.claim();
  expect(await engine.redrive(id)).toEqual({ status: "unfinished", redriven: true, changed: false });
  await engine.advance(token, 1, { done: runs.map(member) });
  expect(await engine.redrive(id)).toEqual({ status: "done", redriven: true, changed: false });
  expect(await placesOf(database, id)).toEqual(["done"]);
});

test("a run that failed again after a redrive can be redriven again", async () => {
  const id = await failedRun();
  await engine.redrive(id);
  const { token, runs } = await engine.claim();
  const third = failure(runs[0]!, { node: "charge", attempt: 3, delay_ms: null });
  await engine.advance(token, 1, { failures: [third], failed: [{ ...member(runs[0]!), error }] });
  expect(await engine.redrive(id)).toEqual({ status: "failed", redriven: true, changed: true });
  expect((await engine.claim()).runs).toMatchObject([{ failures: { charge: 3 }, forgiven: { charge: 3 } }]);
});

test("only a failed run is redriven", async () => {
  const { token, runs } = await leaseOf(engine, 2);
  expect(await engine.redrive(runs[0]!.id)).toEqual({ status: "unfinished", redriven: false, changed: false });
  await engine.cancel(runs[1]!.id);
  await engine.advance(token, 1, { done: [member(runs[0]!)] });
  expect(await engine.redrive(runs[0]!.id)).toEqual({ status: "done", redriven: false, changed: false });
  expect(await engine.redrive(runs[1]!.id)).toEqual({ status: "cancelled", redriven: false, changed: false });
  expect(await engine.redrive(crypto.randomUUID())).toBeNull();
});

test("cancel says what it did, and again what has become of the run", async () => {
  const [parked] = newRuns(1, { delay_ms: 60_000 });
  await engine.enqueue([parked!]);
  expect(await engine.cancel(parked!.id)).toEqual({ status: "cancelled" });
  expect(await engine.cancel(parked!.id)).toEqual({ status: "cancelled" });
  const { token, runs } = await leaseOf(engine, 1);
  expect(await engine.cancel(runs[0]!.id)).toEqual({ status: "cancelling" });
  expect(await engine.cancel(runs[0]!.id)).toEqual({ status: "cancelling" });
  await engine.advance(token, 1);
  expect(await engine.cancel(runs[0]!.id)).toEqual({ status: "cancelled" });
  expect(await engine.cancel(await failedRun())).toEqual({ status: "failed" });
  expect(await engine.cancel(crypto.randomUUID())).toBeNull();
  expect(await database.query("select from baton.control")).toEqual([]);
});

test("a run whose poller died after its cancel is cancelled by the tick that reaps it", async () => {
  const { runs } = await leaseOf(engine, 1);
  await engine.cancel(runs[0]!.id);
  await database.advance("31 seconds");
  expect(await engine.tick()).toMatchObject({ crashed: 1, stopped: 1 });
  expect(await placesOf(database, runs[0]!.id)).toEqual(["cancelled"]);
});
