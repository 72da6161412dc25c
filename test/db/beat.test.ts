import pg from "pg";
import { expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { checkAfterEach, engineOf, leaseOf, member, newRuns, step } from "../support/engine-calls.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

const gone = "00000000-0000-4000-8000-000000000000";
/** A lease that was claimed just now, while the clock stands still. */
async function freshLease() {
  await engine.enqueue(newRuns(2));
  await database.setNow(new Date(Date.now() + 60_000));
  return engine.claim();
}

/** How many seconds the lease still has. */
const left = async () =>
  (await database.query("select extract(epoch from expires_at - baton.now())::int as left from baton.lease"))[0]?.["left"];

test.each(["neon", "pg"] as const)("through %s a beat extends a lease, and never shortens it", async (driver) => {
  const { token } = await freshLease();
  await database.advance("20 seconds");
  expect(await engineOf(database, driver).beat(token, 30_000)).toBe(true);
  expect(await left()).toBe(30);
  expect(await engine.beat(token, 1_000)).toBe(true);
  expect(await left()).toBe(30);
});

test("a beat changes nothing but the expiry: the rounds and what they were told stay", async () => {
  const { token, runs } = await leaseOf(engine, 2);
  await engine.advance(token, 1, { steps: [step(runs[0]!)] });
  const rest = "select to_jsonb(l) - 'expires_at' as lease from baton.lease l";
  const before = await database.query(rest);
  await engine.beat(token, 60_000);
  expect(await database.query(rest)).toEqual(before);
  await engine.advance(token, 2, { done: [member(runs[0]!)] });
  expect(await engine.tick()).toMatchObject({ crashed: 0 });
});

test("a beat does not bring back a lease that is gone", async () => {
  const { token } = await leaseOf(engine, 1);
  await database.advance("31 seconds");
  await engine.tick();
  expect(await engine.beat(token, 30_000)).toBe(false);
  expect(await engine.beat(gone, 30_000)).toBe(false);
  expect(await database.query("select * from baton.lease")).toEqual([]);
});

test("a beat does not wait for a round that holds the lease", async () => {
  const { token } = await leaseOf(engine, 1);
  const client = new pg.Client(database.ownerUrl);
  await client.connect();
  try {
    await client.query("begin");
    await client.query("select from baton.lease for update");
    expect(await engine.beat(token, 90_000)).toBe(true);
    await client.query("rollback");
  } finally {
    await client.end();
  }
});

test("a lease that ran out and that nobody took is still good: a beat keeps it, its next round counts, and nobody crashed", async () => {
  const { token, runs } = await leaseOf(engine, 2);
  await database.advance("5 minutes");
  await engine.advance(token, 1, { steps: [step(runs[0]!)] });
  expect(await engine.tick()).toMatchObject({ crashed: 0 });
  await database.advance("5 minutes");
  expect(await engine.beat(token, 30_000)).toBe(true);
  expect(await engine.tick()).toMatchObject({ crashed: 0 });
  await engine.advance(token, 2, { done: [member(runs[0]!)] });
  await engine.release(token);
  expect(await engine.findRun(runs[0]!.id)).toMatchObject({ status: "done", crashes: 0 });
});

test("what is said of a lease that ran out is what is known: for how long nobody answered, and what may be the cause", async () => {
  await freshLease();
  await database.advance("95 seconds");
  await engine.tick();
  const [failure] = await database.query("select error ->> 'message' as message from baton.failure");
  expect(failure!["message"]).toBe(
    "Its lease ran out 65 seconds ago: the poller did not answer in time; it crashed, was frozen, or its event loop was blocked.",
  );
});

test.each([
  ["null", 30_000],
  [`'${gone}'`, "null"],
  [`'${gone}'`, 0],
  [`'${gone}'`, 3_600_001],
])("a beat of %s for %s milliseconds is refused with a sentence", async (token, ttlMs) => {
  await expect(database.query(`select baton.beat(${token}::uuid, ${ttlMs})`)).rejects.toThrow(
    /^a beat needs the token of a lease and 1 to 3600000 milliseconds/,
  );
});
