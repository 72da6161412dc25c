import { setTimeout as pause } from "node:timers/promises";
import type { TickAnswer } from "../../../shared/domain/protocol.ts";

/** A lease lasts 30 s from its last round, so those of killed pollers are over by then. */
const LONGEST_MS = 32_000;

/**
 * Wakes the poller when a lease that a killed poller left behind expires, instead of at the next
 * full minute.
 *
 * tick: the database's own, which gives the runs of expired leases back; `clock` in milliseconds.
 */
export async function wakeAtExpiry(tick: () => Promise<TickAnswer>, wake: () => void, clock = Date.now): Promise<void> {
  const end = clock() + LONGEST_MS;
  for (;;) {
    const { crashed, lease_expires_in_ms: expiresInMs } = await tick();
    if (crashed > 0) wake();
    if (expiresInMs === null || clock() + expiresInMs > end) return;
    await pause(expiresInMs + 50, undefined, { ref: false });
  }
}
