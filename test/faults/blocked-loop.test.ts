import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test, vi } from "vitest";
import * as z from "zod";
import { runRepository } from "../../shared/db/run-repository.ts";
import type { Logger } from "../../shared/domain/node.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { createTestDatabase, type Driver, type TestDatabase } from "../support/database.ts";
import { claimRequest } from "../support/engine-calls.ts";
import { deployBundles } from "../support/lambda/deploy.ts";
import { enqueue, poll } from "../support/poller.ts";
import { until } from "../support/until.ts";

const { taskRoot } = await deployBundles();
const ticker = fileURLToPath(new URL("../support/tick-until-beaten.ts", import.meta.url));
const Input = z.object({ n: z.int() });
/** By the thread's clock; the database's is the test's own where a lease could run out. */
const ttlMs = 3_000;

/**
 * Heartbeats from a thread that connects as the environment of the process says; thread: the
 * source, or what was built of it.
 */
async function heartbeatOf(database: TestDatabase, driver: Driver, thread?: string) {
  vi.resetModules();
  vi.stubEnv("DATABASE_URL", database.url("poller"));
  vi.stubEnv("BATON_DRIVER", driver);
  vi.stubEnv("BATON_NEON_ENDPOINT", driver === "neon" ? database.neon.url : "");
  vi.stubEnv("BATON_HEARTBEAT_THREAD", thread);
  const said: { message: string; fields: unknown }[] = [];
  const logger: Logger = { debug() {}, info() {}, error() {}, warn: (message, fields) => void said.push({ message, fields }) };
  const { threadHeartbeat } = await import("../../shared/lambda/heartbeat.ts");
  return { heartbeat: threadHeartbeat(logger, ttlMs, () => "neon"), said };
}

/** A lease in the database that the poller's own thread never speaks of again. */
async function silentLease(database: TestDatabase): Promise<string> {
  const token = randomUUID();
  await enqueue(database.database, { name: "silent", version: 1 }, [{ n: 1 }]);
  await runRepository(database.connect("poller")).claim(token, claimRequest({ ttl_ms: ttlMs }));
  return token;
}
const expiry = async (database: TestDatabase, token: string) =>
  (await database.query("select expires_at::text as at from baton.lease where token = $1", [token]))[0]?.["at"];

async function extendedTwice(database: TestDatabase, token: string): Promise<void> {
  const seen = new Set<unknown>();
  await until("it was extended twice", async () => seen.add(await expiry(database, token)).size > 2);
}

test("a step that blocks the event loop for longer than its lease keeps it, and is stored, although others tick all the while", async () => {
  await using database = await createTestDatabase();
  const { heartbeat, said } = await heartbeatOf(database, "pg");
  const line = [ticker, database.ownerUrl, database.url("poller"), String(ttlMs)];
  const block = () => execFileSync(process.execPath, line, { encoding: "utf8" }).trim();
  const workflow = defineWorkflow({ name: "blocks", version: 1, input: Input }).step("block", { timeout: "2 minutes" }, block);
  const [id] = await enqueue(database.database, workflow, [{ n: 1 }]);
  // Stops the database's clock when the run is due.
  await database.setNow(new Date(Date.now() + 1_000));
  await poll(database.connect("poller", "pg"), [workflow], { heartbeat, settings: { ttlMs }, logger: quiet(said) });
  expect(await runRepository(database.database).findRun(id!)).toMatchObject({ status: "done", crashes: 0, failures: [] });
  expect(await runRepository(database.database).state(id!)).toMatchObject({ block: "kept" });
  expect(said).toEqual([
    {
      message: "a thread kept the lease: a step blocked the event loop, or a round took this long",
      fields: { lease: expect.any(String), silentMs: expect.any(Number), beats: expect.any(Number) },
    },
  ]);
  await database.assertInvariants();
});

const quiet = (said: { message: string; fields: unknown }[]): Logger => ({
  debug() {},
  info() {},
  error: (message, fields) => void said.push({ message, fields }),
  warn: (message, fields) => void said.push({ message, fields }),
});

test.each([
  ["neon", "as it is built", pathToFileURL(join(taskRoot, "poll-queue.heartbeat.mjs")).href],
  ["neon", "from its source", undefined],
] as const)(
  "through %s the thread, %s, beats for a lease that its poller is silent about, until it is dropped",
  async (driver, _, thread) => {
    await using database = await createTestDatabase();
    const { heartbeat } = await heartbeatOf(database, driver, thread);
    const token = await silentLease(database);
    heartbeat.keep(token, 0, 60_000);
    await extendedTwice(database, token);
    heartbeat.drop(token);
    // The thread does one thing after the other: what it does for another lease comes later.
    const other = await silentLease(database);
    heartbeat.keep(other, ttlMs, 60_000);
    await extendedTwice(database, other);
    const last = await expiry(database, token);
    await extendedTwice(database, other);
    expect(await expiry(database, token)).toBe(last);
    heartbeat.drop(other);
  },
);

test("the thread beats no longer than the steps that run may take", async () => {
  await using database = await createTestDatabase();
  const { heartbeat } = await heartbeatOf(database, "neon");
  const token = await silentLease(database);
  let beats = 0;
  database.neon.inject(({ text }) => void (beats += text.includes("baton.beat") ? 1 : 0));
  // Known for two thirds of the lease already, and worth another millisecond; the second lease
  // shows that the thread has looked.
  heartbeat.keep(token, ttlMs, 0);
  const other = await silentLease(database);
  heartbeat.keep(other, ttlMs, 60_000);
  await until("the other was extended", () => beats > 0);
  const rows = await database.query("select token from baton.lease where expires_at > claimed_at + interval '3 seconds'");
  expect(rows).toEqual([{ token: other }]);
  heartbeat.drop(other);
});
