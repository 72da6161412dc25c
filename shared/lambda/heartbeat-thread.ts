// The heartbeat's thread: extends the leases of which the poller's own thread has not been heard
// for too long.
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { connect } from "../db/connect.ts";
import type { Database } from "../db/database.ts";
import { connectionFrom } from "../db/default-database.ts";
import { beat } from "../db/run-repository.ts";
import { field, steadyNow, type HeartbeatData } from "./heartbeat.ts";

const { memory, ttlMs } = workerData as HeartbeatData;
const shared = new BigInt64Array(memory);
const tokens = new Map<number, { token: string; beatenAt: number; isGone: boolean }>();
let database: Database | undefined;

/**
 * Looks at each slot and comes back when the first of them may have been silent for two thirds of a
 * lease.
 */
async function look(): Promise<void> {
  let next = ttlMs / 3;
  for (let slot = 0; slot < shared.length; slot += field.size) next = Math.min(next, await lookAt(slot));
  if (next >= ttlMs / 3) close();
  setTimeout(() => void look(), Math.max(next, ttlMs / 100));
}

/** Beats where it is time to; gives how long this slot needs no other look. */
async function lookAt(slot: number): Promise<number> {
  const until = Number(Atomics.load(shared, slot + field.until));
  const now = Number(steadyNow());
  const known = entryOf(slot);
  if (until === 0 || known.isGone) return Infinity;
  const heardAt = Number(Atomics.load(shared, slot + field.heardAt));
  const silentAt = Math.max(heardAt + (ttlMs * 2) / 3, known.beatenAt + ttlMs / 3);
  if (now < silentAt) return silentAt - now;
  if (now > until) return giveUp(slot, now - heardAt);
  return beatNow(slot, known, now);
}

async function beatNow(slot: number, known: { token: string; beatenAt: number; isGone: boolean }, now: number): Promise<number> {
  try {
    // A connection of this thread's own, for as long as it is needed.
    database ??= connect(connectionFrom(process.env));
    const held = await beat(database, known.token, ttlMs, { timeoutMs: ttlMs / 3 });
    known.isGone = !held;
    known.beatenAt = now;
    if (held) Atomics.add(shared, slot + field.beats, 1n);
    return ttlMs / 3;
  } catch {
    return ttlMs / 30;
  }
}

/**
 * No step may take this long. Where the event loop is blocked for good, the poller's own thread
 * cannot say so.
 */
function giveUp(slot: number, silentMs: number): number {
  const known = entryOf(slot);
  known.isGone = true;
  const message = `for ${Math.round(silentMs / 1_000)} seconds no round was stored, longer than the steps that run may take: a step blocks the event loop, or the database does not answer; the thread no longer keeps the lease`;
  writeSync(2, `${JSON.stringify({ level: "ERROR", message, lease: known.token })}\n`);
  return Infinity;
}

function entryOf(slot: number): { token: string; beatenAt: number; isGone: boolean } {
  const token = tokenIn(slot);
  const known = tokens.get(slot);
  if (known?.token === token) return known;
  const added = { token, beatenAt: -Infinity, isGone: false };
  tokens.set(slot, added);
  return added;
}

/** A token as hexadecimal digits, which Postgres reads as a uuid too. */
function tokenIn(slot: number): string {
  const half = (at: number) =>
    BigInt.asUintN(64, Atomics.load(shared, slot + at))
      .toString(16)
      .padStart(16, "0");
  return half(field.high) + half(field.low);
}

function close(): void {
  void database?.[Symbol.asyncDispose]();
  database = undefined;
}

void look();
