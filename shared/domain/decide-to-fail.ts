import type { Attempted, Came, Decision } from "./decision.ts";
import type { ErrorRecord } from "./errors.ts";
import { cursorOf, type Run } from "./run.ts";

/**
 * The decision that a run fails with an error of ours, which is noted as that of the attempt that
 * came back, or else of the first of the node that it has come to.
 */
export function decideToFail(run: Run, came: Came | undefined, error: ErrorRecord, clock: number): Decision {
  const path = cursorOf(run)?.name;
  const begun = came ?? (path === undefined ? undefined : { path, attempt: 1, startedAt: clock, finishedAt: clock });
  const failures = begun === undefined ? [] : [{ ...attemptedOf(begun), error, delayMs: null }];
  return { rows: [], failures, sleeps: [], consumed: [], timedOut: [], run, starts: [], aborts: [], fate: { kind: "failed", error } };
}

/** No more of it than what an attempt is stored with. */
export function attemptedOf({ path, attempt, startedAt, finishedAt }: Attempted): Attempted {
  return { path, attempt, startedAt, finishedAt };
}
