/** What a resident poller knows when a poll has ended, in milliseconds. */
export interface PollFacts {
  /** Until the next run is due, as the last claim said; null: none waits. */
  readonly dueInMs: number | null;
  /** Until the first lease of another poller ends; null: there is none. */
  readonly leaseExpiresInMs: number | null;
}

/** When what is due is just being claimed by another poller. */
const LEAST_MS = 100;

/**
 * How long a resident poller leaves the database alone: until the next run is due, a lease of a
 * poller that may have died ends, or somebody may have enqueued without a nudge.
 *
 * @example
 * nextLookMs({ dueInMs: 400, leaseExpiresInMs: null }, 5_000); // 400
 * nextLookMs({ dueInMs: null, leaseExpiresInMs: null }, 5_000); // 5_000
 */
export function nextLookMs({ dueInMs, leaseExpiresInMs }: PollFacts, everyMs: number): number {
  const soonest = Math.min(dueInMs ?? Infinity, leaseExpiresInMs ?? Infinity, everyMs);
  return Math.max(soonest, Math.min(LEAST_MS, everyMs));
}
