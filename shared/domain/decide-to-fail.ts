import type { Attempted, Came, Decision } from "./decision.ts";
import type { ErrorRecord } from "./errors.ts";
import { cursorOf, type Run } from "./run.ts";
import { rowOfRuling } from "./undo/decide-undo.ts";
import { mayUndo } from "./undo/ruling.ts";

/**
 * The decision that a run fails with an error of ours, which is noted as that of the attempt that
 * came back, or else of the first of the node that it has come to.
 */
export function decideToFail(run: Run, came: Came | undefined, error: ErrorRecord, clock: number): Decision {
  const path = run.ruling === undefined ? cursorOf(run)?.name : undefined;
  const begun = came ?? (path === undefined ? undefined : { path, attempt: 1, startedAt: clock, finishedAt: clock });
  const failures = begun === undefined ? [] : [{ ...attemptedOf(begun), error, delayMs: null }];
  const decision = { failures, sleeps: [], consumed: [], timedOut: [], starts: [], aborts: [] };
  const { chain, undoing, ruling = { status: "failed", error } as const } = run;
  if (undoing !== undefined || (run.ruling === undefined && !mayUndo(run.workflow.nodes, chain.position)))
    return { ...decision, rows: [], run, fate: { kind: "failed", error } };
  const rows = run.ruling === undefined ? [rowOfRuling(chain, ruling, clock)] : [];
  return { ...decision, rows, run: { ...run, ruling }, fate: { kind: "park", delayMs: 0 } };
}

/** No more of it than what an attempt is stored with. */
export function attemptedOf({ path, attempt, startedAt, finishedAt }: Attempted): Attempted {
  return { path, attempt, startedAt, finishedAt };
}
