import type { Worker } from "node:worker_threads";
import type { Driver } from "../db/connect.ts";
import type { Logger } from "../domain/node.ts";
import type { Heartbeat } from "../engine/ports.ts";
import { startThread } from "./start-thread.ts";

/** What the thread is started with. */
export interface HeartbeatData {
  /** The slots, shared with this thread. */
  readonly memory: SharedArrayBuffer;
  /** How long a lease lasts without a round. */
  readonly ttlMs: number;
}

/** Leases at a time at most; one more is not kept. */
const slots = 8;

/**
 * What a slot holds, as 64-bit numbers: a token, times in milliseconds of the machine's steady
 * clock, and how often the thread beat.
 */
export const field = { high: 0, low: 1, heardAt: 2, until: 3, beats: 4, size: 5 } as const;

/** The one clock that all threads of a process share, in milliseconds. */
export const steadyNow = () => process.hrtime.bigint() / 1_000_000n;

/** The thread makes one small call at a time. */
const small = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 };

/**
 * Heartbeats from a thread that no handler can block. It is started with the first lease of the
 * process, looks at the shared slots a few times a lease, and speaks to the database only when this
 * thread has been silent for two thirds of a lease.
 */
export function threadHeartbeat(logger: Logger, ttlMs: number, driver: () => Driver, env = process.env): Heartbeat {
  const memory = new SharedArrayBuffer(slots * field.size * 8);
  const shared = new BigInt64Array(memory);
  const held = new Map<string, number>();
  let thread: Worker | undefined;
  const start = (): Worker => {
    const workerData: HeartbeatData = { memory, ttlMs };
    const started = startThread(driver(), { workerData, env, execArgv: [], resourceLimits: small });
    started.unref();
    started.on("error", (error) =>
      logger.warn("the heartbeat's thread has ended; the next lease starts another", { error: error.message }),
    );
    started.on("exit", () => (thread = undefined));
    return started;
  };
  return {
    keep(token, heardAgoMs, forMs) {
      thread ??= start();
      const slot = held.get(token) ?? take(shared, held, token);
      if (slot === undefined) return;
      const now = steadyNow();
      const beats = Atomics.exchange(shared, slot + field.beats, 0n);
      if (beats > 0n) {
        const silentMs = Number(now - Atomics.load(shared, slot + field.heardAt));
        logger.warn("a thread kept the lease: a step blocked the event loop, or a round took this long", {
          lease: token,
          silentMs,
          beats: Number(beats),
        });
      }
      Atomics.store(shared, slot + field.heardAt, now - BigInt(Math.ceil(heardAgoMs)));
      Atomics.store(shared, slot + field.until, now + BigInt(Math.ceil(forMs)));
    },
    drop(token) {
      const slot = held.get(token);
      if (slot !== undefined) Atomics.store(shared, slot + field.until, 0n);
      held.delete(token);
    },
  };
}

/** A free slot with this token in it, which holds nothing yet: its time is over. */
function take(shared: BigInt64Array, held: Map<string, number>, token: string): number | undefined {
  const taken = new Set(held.values());
  const free = Array.from({ length: slots }, (_, n) => n * field.size).find((slot) => !taken.has(slot));
  if (free === undefined) return undefined;
  const hex = token.replaceAll("-", "");
  Atomics.store(shared, free + field.high, BigInt.asIntN(64, BigInt(`0x${hex.slice(0, 16)}`)));
  Atomics.store(shared, free + field.low, BigInt.asIntN(64, BigInt(`0x${hex.slice(16)}`)));
  held.set(token, free);
  return free;
}
