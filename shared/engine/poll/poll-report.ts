/** What one invocation did and saw, filled in as it goes on; times in milliseconds. */
export interface PollReport {
  /** It left the database alone: nothing is due. */
  rested: boolean;
  /** It ended because nothing was due within the linger, not for lack of time. */
  idle: boolean;
  leases: number;
  /** Runs whose poller's lease expired. */
  crashed: number;
  steps: number;
  failedRuns: number;
  /** Runs that were failed, or whose place was removed, so that the others go on. */
  poisoned: number;
  /** Signals by a key that were deleted, since no run had claimed them within 7 days. */
  expiredSignals: number;
  /** How long the oldest due run had waited at the last tick; undefined without a tick. */
  oldestReadyMs?: number;
  /** How long the oldest signal by a key that no run has had been there, at the last tick. */
  oldestUnclaimedMs?: number | undefined;
  /** Until the next run is due, at the last claim; null when none waits. */
  dueInMs: number | null;
  /** Until the first lease of another poller ends, at the last tick; null when there is none. */
  leaseExpiresInMs: number | null;
}

export function newReport(): PollReport {
  const counts = { leases: 0, crashed: 0, steps: 0, failedRuns: 0, poisoned: 0, expiredSignals: 0 };
  return { rested: false, idle: false, ...counts, dueInMs: null, leaseExpiresInMs: null };
}
