import { expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { checkAfterEach, engineOf, failure, type Held, leaseOf, member, newRuns, placesOf, step } from "../support/engine-calls.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

/** The poller dies: its lease expires and is reaped; gives the number of runs that crashed. */
async function die(): Promise<number> {
  await database.advance("31 seconds");
  return (await engine.tick()).crashed;
}
/** The poller tells that the runs of its lease begin, as it does before it starts suspects. */
async function begin(held: Held): Promise<Held> {
  if (held.runs.length > 0) await engine.advance(held.token, 1);
  return held;
}
const suspects = async () => begin(await engine.claim({ suspects: true }));
const bandOf = async (id: string) => (await database.query("select band from baton.ready where run_id = $1", [id]))[0]?.["band"];

/**
 * Works all runs of a lease but the one that kills the poller, and says whether that one was there.
 */
async function workUntilKilled(held: Held, poison: string): Promise<boolean> {
  const killed = held.runs.some(({ id }) => id === poison);
  if (killed) return true;
  const runs = held.runs.map((run) =>
    step(run, { position: run.outputs === null ? 0 : 1, node: run.outputs === null ? "reserve" : "charge" }),
  );
  await engine.advance(held.token, 2, { steps: runs, done: held.runs.map(member) });
  await engine.release(held.token);
  return false;
}

test("a crash puts every run of the lease back as a suspect, with a failure under the node ''", async () => {
  const { runs } = await leaseOf(engine, 3);
  expect(await die()).toBe(3);
  expect(await bandOf(runs[0]!.id)).toBe(4);
  expect((await engine.claim()).runs).toEqual([]);
  expect(await engine.findRun(runs[0]!.id)).toMatchObject({ status: "ready", crashes: 1, failures: [] });
  const rows = await database.query("select distinct node, attempt, error ->> 'name' as name from baton.failure");
  expect(rows).toEqual([{ node: "", attempt: 1, name: "PollerCrashedError" }]);
});

test("only members that had not left the lease crash", async () => {
  const { token, runs } = await leaseOf(engine, 3);
  await engine.advance(token, 1, { done: [member(runs[0]!)], parks: [{ ...member(runs[1]!), delay_ms: 0 }] });
  expect(await die()).toBe(1);
  expect(await engine.findRun(runs[1]!.id)).toMatchObject({ crashes: 0 });
  expect(await bandOf(runs[2]!.id)).toBe(4);
});

test("a crash is no failed attempt of a step", async () => {
  const { runs } = await leaseOf(engine, 1);
  await die();
  expect((await suspects()).runs).toMatchObject([{ id: runs[0]!.id, failures: null }]);
});

test("suspects are claimed in leases of 64, 8 and 1, the most suspicious first", async () => {
  await leaseOf(engine, newRuns(100));
  await die();
  const first = await suspects();
  expect(first.runs).toHaveLength(64);
  await die();
  const second = await suspects();
  expect(second.runs).toHaveLength(8);
  await die();
  const third = await suspects();
  expect(third.runs).toHaveLength(1);
  expect(first.runs.map(({ id }) => id)).toContain(third.runs[0]!.id);
  expect((await suspects()).runs).toHaveLength(1);
  expect((await engine.claim()).suspects).toBe(true);
});

test("one poison run among 500 costs six pollers and harms none of the others", async () => {
  const runs = newRuns(500);
  const poison = runs[333]!.id;
  let held = await leaseOf(engine, runs, { max: 500 });
  let deaths = 0;
  while (held.runs.length > 0) {
    if (await workUntilKilled(held, poison)) {
      deaths++;
      await die();
    }
    held = await suspects();
    if (held.runs.length === 0) held = await engine.claim({ max: 500 });
  }
  expect(deaths).toBe(6);
  const endings = await database.query("select status, count(*)::integer as runs from baton.ending group by status order by status");
  expect(endings).toEqual([
    { status: "done", runs: 499 },
    { status: "failed", runs: 1 },
  ]);
  expect(await engine.findRun(poison)).toMatchObject({ status: "failed", crashes: 6, error: { name: "PoisonError" } });
  const [worst] = await database.query("select max(attempt) as crashes from baton.failure where run_id <> $1", [poison]);
  expect(Number(worst!["crashes"])).toBeLessThanOrEqual(3);
});

test("a run alone in its lease is poison at its third crash", async () => {
  const { runs } = await begin(await leaseOf(engine, 1));
  for (const crash of [1, 2]) {
    expect(await die()).toBe(1);
    expect((await suspects()).runs).toMatchObject([{ id: runs[0]!.id }]);
    expect(await engine.findRun(runs[0]!.id)).toMatchObject({ status: "running", crashes: crash });
  }
  expect(await die()).toBe(1);
  expect(await placesOf(database, runs[0]!.id)).toEqual(["failed"]);
});

for (const progress of ["an output", "a failure"] as const) {
  test(`a run that stored ${progress} since its claim begins anew at the first crash`, async () => {
    const { runs } = await leaseOf(engine, 2);
    await die();
    const held = await suspects();
    const [moved, stuck] = held.runs;
    await database.advance("1 second");
    await engine.advance(held.token, 2, progress === "an output" ? { steps: [step(moved!)] } : { failures: [failure(moved!)] });
    await die();
    expect([await bandOf(moved!.id), await bandOf(stuck!.id)]).toEqual([4, 5]);
    expect(runs).toHaveLength(2);
  });
}

test("a lonely run that gets on by a step between its crashes never becomes poison", async () => {
  const { runs } = await leaseOf(engine, 1);
  await die();
  for (let position = 0; position < 8; position++) {
    const held = await suspects();
    await database.advance("1 second");
    await engine.advance(held.token, 2, { steps: [step(held.runs[0]!, { node: `s${position}`, position })] });
    await die();
  }
  expect(await engine.findRun(runs[0]!.id)).toMatchObject({ status: "ready", crashes: 9 });
});

test("claims whose answers never came are no crash of a run: nothing of it had begun", async () => {
  const { runs } = await leaseOf(engine, 1);
  for (let lost = 1; lost <= 10; lost++) {
    expect(await die()).toBe(1);
    expect((await engine.claim({ suspects: true })).runs).toHaveLength(1);
  }
  await die();
  expect(await engine.findRun(runs[0]!.id)).toMatchObject({ status: "ready", crashes: 1 });
});

test("a crash counts only where it was told that the runs begin", async () => {
  const { runs } = await leaseOf(engine, 1);
  for (const crashes of [1, 2, 3]) {
    await die();
    await engine.claim({ suspects: true });
    await die();
    await suspects();
    expect(await engine.findRun(runs[0]!.id)).toMatchObject({ status: "running", crashes });
  }
  await die();
  expect(await placesOf(database, runs[0]!.id)).toEqual(["failed"]);
});

test("a suspect that is given back before it stored anything stays a suspect, the others are cleared", async () => {
  await leaseOf(engine, 4);
  await die();
  const held = await suspects();
  const [moved, early, late, last] = held.runs;
  await database.advance("1 second");
  await engine.advance(held.token, 2, { steps: [step(moved!)], released: [{ ...member(early!), delay_ms: 0 }] });
  expect(await bandOf(early!.id)).toBe(4);
  await engine.release(held.token);
  expect([await bandOf(moved!.id), await bandOf(late!.id), await bandOf(last!.id)]).toEqual([2, 4, 4]);
});

test("a suspect that finishes, or waits for a retry, is cleared", async () => {
  await leaseOf(engine, 2);
  await die();
  const held = await suspects();
  const [done, parked] = held.runs;
  await engine.advance(held.token, 2, {
    steps: [step(done!)],
    done: [member(done!)],
    failures: [failure(parked!)],
    parks: [{ ...member(parked!), delay_ms: 0 }],
  });
  expect(await placesOf(database, done!.id)).toEqual(["done"]);
  expect(await bandOf(parked!.id)).toBe(2);
});

test("a poison run that is redriven may crash three times again", async () => {
  const { runs } = await begin(await leaseOf(engine, 1));
  for (const _ of [1, 2, 3]) {
    await die();
    await suspects();
  }
  expect(await engine.redrive(runs[0]!.id)).toMatchObject({ redriven: true });
  await begin(await engine.claim());
  for (const _ of [1, 2]) {
    await die();
    expect((await suspects()).runs).toHaveLength(1);
  }
  await die();
  expect(await engine.findRun(runs[0]!.id)).toMatchObject({ status: "failed", crashes: 6 });
});

test("tick takes 20 expired leases a time, the oldest first", async () => {
  await engine.enqueue(newRuns(25));
  for (let i = 0; i < 25; i++) await engine.claim({ max: 1 });
  await database.advance("31 seconds");
  expect([await engine.tick(), await engine.tick(), await engine.tick()]).toMatchObject([{ crashed: 20 }, { crashed: 5 }, { crashed: 0 }]);
});

test("a tick tells how many of the crashed runs were poison, and how long the oldest due run has been due", async () => {
  await begin(await leaseOf(engine, 1));
  const told = [];
  for (let crash = 1; crash <= 3; crash++) {
    await database.advance("31 seconds");
    const { crashed, poisoned } = await engine.tick();
    told.push({ crashed, poisoned });
    await suspects();
  }
  expect(told).toEqual([
    { crashed: 1, poisoned: 0 },
    { crashed: 1, poisoned: 0 },
    { crashed: 1, poisoned: 1 },
  ]);
  expect((await engine.tick()).oldest_ms).toBe(0);
  await database.setNow(new Date());
  await engine.enqueue(newRuns(1));
  await database.advance("90 seconds");
  await engine.enqueue(newRuns(1));
  expect((await engine.tick()).oldest_ms).toBe(90_000);
});

test("claims and ticks tell of suspects from the first crash on", async () => {
  await leaseOf(engine, 2);
  expect((await engine.claim()).suspects).toBe(false);
  await die();
  expect([(await engine.claim()).suspects, (await engine.tick()).suspects]).toEqual([true, true]);
});

test("a lease runs out when its time is over, and not a millisecond before", async () => {
  await database.setNow(new Date());
  await engine.enqueue(newRuns(1));
  await database.advance("1 second");
  await engine.claim({ ttl_ms: 30_000 });
  await database.advance("29.999 seconds");
  expect(await engine.tick()).toMatchObject({ crashed: 0, lease_expires_in_ms: 1 });
  await database.advance("0.001 seconds");
  expect(await engine.tick()).toMatchObject({ crashed: 1, lease_expires_in_ms: null });
});

test("the crash of a lease counts a run that is no longer there as poison", async () => {
  const { runs } = await leaseOf(engine, 3);
  await database.query("delete from baton.run where id = $1", [runs[1]!.id]);
  await database.advance("31 seconds");
  expect(await engine.tick()).toMatchObject({ crashed: 3, poisoned: 1 });
  expect(await placesOf(database, runs[1]!.id)).toEqual([]);
});
