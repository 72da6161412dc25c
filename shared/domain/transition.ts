import type { ErrorRecord } from "./errors.ts";
import type { Json } from "./json.ts";
import { jsonbBytes } from "./jsonb-bytes.ts";
import type { Node } from "./node.ts";
import { delayBeforeRetry } from "./retry-policy.ts";
import { runError, type RunErrorName } from "./run-errors.ts";
import { attemptOf, countedAttemptOf, withFailure, withOutput, type Run } from "./run.ts";

/**
 * What came of one attempt of a node. A timeout and an output that its schema refuses are failures
 * that may be retried.
 */
export type Outcome =
  | { readonly kind: "completed"; readonly output: Json }
  | { readonly kind: "failed"; readonly error: ErrorRecord; readonly retryable: boolean; readonly retryAfterMs?: number }
  | { readonly kind: "slept"; readonly durationMs: number };

/** What happens to a run after an attempt; `run` is the run as it is then. */
export type Transition =
  /** Store the output, of so many bytes of JSON; go on with the next node. */
  | { readonly kind: "continue"; readonly output: Json; readonly bytes: number; readonly run: Run }
  /** Store the output; the run is done with it. */
  | { readonly kind: "finish"; readonly output: Json; readonly bytes: number }
  /**
   * Store the checkpoint `{ until }`, which the database computes, and park the run that long.
   * Claimed again, it goes on, or ends if it has no cursor left.
   */
  | { readonly kind: "sleep"; readonly durationMs: number }
  /**
   * Store the failure and try again: "lease" keeps the run in the poller's hand, "ready" gives it
   * back until it is due.
   */
  | { readonly kind: "retry"; readonly delayMs: number; readonly place: "lease" | "ready"; readonly error: ErrorRecord; readonly run: Run }
  /** Store the failure; the run has failed with it. */
  | { readonly kind: "fail"; readonly error: ErrorRecord };

/** The largest output of a node, in bytes of JSON as the database writes it. */
export const MAX_OUTPUT_BYTES = 256 * 1024;

/**
 * The largest state of a run, input and outputs together, in bytes of JSON as the database writes
 * it.
 */
export const MAX_STATE_BYTES = 4 * 1024 * 1024;

/**
 * A retry sooner than this stays in the lease: giving the run back and claiming it again would take
 * about as long.
 */
export const RETRY_IN_LEASE_BELOW_MS = 2_000;

/**
 * The highest number of an attempt that can be stored; a redrive does not begin the numbers anew.
 */
export const MAX_ATTEMPT = 32_767;

/**
 * Decides what happens to a run after an attempt of a node. This is the only place that does.
 * `random` is from 0 up to, not including, 1.
 */
export function transition(run: Run, node: Node, outcome: Outcome, random: number): Transition {
  switch (outcome.kind) {
    case "completed":
      return afterOutput(run, node, outcome.output);
    case "failed":
      return afterFailure(run, node, outcome, random);
    case "slept":
      return { kind: "sleep", durationMs: outcome.durationMs };
  }
}

function afterOutput(run: Run, node: Node, output: Json): Transition {
  const bytes = jsonbBytes(output);
  if (bytes > MAX_OUTPUT_BYTES) return tooLarge("OutputTooLargeError", `The output of "${node.name}"`, bytes, MAX_OUTPUT_BYTES);
  if (run.bytes + bytes > MAX_STATE_BYTES) {
    return tooLarge("StateTooLargeError", `With the output of "${node.name}" the run's state`, run.bytes + bytes, MAX_STATE_BYTES);
  }
  if (run.position + 1 === run.workflow.nodes.length) return { kind: "finish", output, bytes };
  return { kind: "continue", output, bytes, run: withOutput(run, output, bytes) };
}

function tooLarge(name: RunErrorName, what: string, bytes: number, limit: number): Transition {
  const message = `${what} is ${bytes} bytes of JSON as the database writes it, more than ${limit}: store the data elsewhere and return a reference to it.`;
  return { kind: "fail", error: runError(name, message) };
}

function afterFailure(run: Run, node: Node, failure: Extract<Outcome, { kind: "failed" }>, random: number): Transition {
  const { error, retryable, retryAfterMs } = failure;
  const attempt = countedAttemptOf(run, node);
  if (!retryable || attempt >= node.retry.maxAttempts || attemptOf(run, node) >= MAX_ATTEMPT) return { kind: "fail", error };
  const delayMs = retryAfterMs ?? delayBeforeRetry(node.retry, attempt, random);
  const place = delayMs < RETRY_IN_LEASE_BELOW_MS ? "lease" : "ready";
  return { kind: "retry", delayMs, place, error, run: withFailure(run, node) };
}
