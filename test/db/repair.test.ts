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
  newRun,
  placesOf,
  sleep,
  step,
} from "../support/engine-calls.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

const repair = async () => Number((await database.query("select baton.repair()"))[0]!["repair"]);
const ready = () => database.query("select run_id, band, run_at, bytes from baton.ready order by run_id");

/**
 * Runs that wait for their delay, a retry and a sleep, and one each that is ready, leased, blocked
 * and done.
 */
async function everyKind() {
  await engine.enqueue([newRun({ delay_ms: 7_200_000 }), newRun({ run_at: new Date(Date.now() + 86_400_000).toISOString() })]);
  const { token, runs } = await leaseOf(
    engine,
    [0, 1, 2, 3, 2, 2].map((priority) => newRun({ priority })),
  );
  const [retrying, sleeping, blocked, done, leased, begun] = runs.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const charge = { node: "charge" };
  await engine.advance(token, 1, {
    steps: [retrying!, begun!].map((run) => step(run)),
    failures: [failure(leased!, { delay_ms: 600_000 })],
  });
  await engine.advance(token, 2, {
    failures: [failure(retrying!, { ...charge, delay_ms: 3_600_000 }), failure(begun!, { ...charge, delay_ms: 600_000 })],
    parks: [{ ...member(retrying!), delay_ms: 3_600_000 }],
    sleeps: [sleep(sleeping!, { delay_ms: 1_800_000 })],
    blocked: [block(blocked!)],
    done: [member(done!)],
  });
  await engine.advance(token, 3, { steps: [step(begun!, { ...charge, attempt: 2, position: 1 })] });
  await engine.enqueue([newRun()]);
  return { blocked: blocked!.id, done: done!.id, leased: leased!.id, begun: begun!.id };
}

test("places are rebuilt from the state after ready and lease were emptied: same runs, same times, same bytes", async () => {
  const { blocked, done, leased, begun } = await everyKind();
  const before = new Map((await ready()).map((row) => [row["run_id"] as string, row]));
  await database.query("truncate baton.ready, baton.lease");
  expect(await repair()).toBe(before.size + 2);
  const after = await ready();
  for (const row of after) if (before.has(row["run_id"] as string)) expect(row).toEqual(before.get(row["run_id"] as string));
  expect(await placesOf(database, blocked)).toEqual(["blocked"]);
  expect(await placesOf(database, done)).toEqual(["done"]);
  expect(await placesOf(database, leased)).toEqual(["waiting"]);
  expect(await placesOf(database, begun)).toEqual(["ready"]);
});

test("repair again, or without need, changes nothing", async () => {
  await everyKind();
  expect(await repair()).toBe(0);
  await database.query("truncate baton.ready, baton.lease");
  await repair();
  const rows = await ready();
  expect(await repair()).toBe(0);
  expect(await ready()).toEqual(rows);
});

test("repaired runs go on with what they had stored", async () => {
  const { token, runs } = await leaseOf(engine, 1);
  await engine.advance(token, 1, { steps: [step(runs[0]!)], failures: [failure(runs[0]!, { node: "charge", delay_ms: 0 })] });
  await database.query("truncate baton.ready, baton.lease");
  await repair();
  expect((await engine.claim()).runs).toMatchObject([
    { id: runs[0]!.id, outputs: { reserve: { reserved: true } }, failures: { charge: 1 } },
  ]);
  await expect(engine.advance(token, 2, { done: runs.map(member) })).rejects.toMatchObject({ sqlstate: "BT001" });
});

test("a redriven run is repaired, a failed one stays failed", async () => {
  const { token, runs } = await leaseOf(engine, 2);
  await engine.advance(token, 1, {
    failures: runs.map((run) => failure(run, { delay_ms: null })),
    failed: runs.map((run) => ({ ...member(run), error })),
  });
  await engine.redrive(runs[0]!.id);
  await database.query("truncate baton.ready, baton.lease");
  expect(await repair()).toBe(1);
  expect(await placesOf(database, runs[0]!.id)).toEqual(["ready"]);
  expect(await placesOf(database, runs[1]!.id)).toEqual(["failed"]);
});

test("a run that was blocked when blocked was emptied too becomes ready", async () => {
  const { token, runs } = await leaseOf(engine, 1);
  await engine.advance(token, 1, { blocked: runs.map((run) => block(run)) });
  await database.query("truncate baton.ready, baton.lease, baton.blocked");
  expect(await repair()).toBe(1);
  expect(await placesOf(database, runs[0]!.id)).toEqual(["ready"]);
});
