import { toMilliseconds, type Duration } from "./duration.ts";
import { problemOfOptions } from "./options.ts";

/** How often and how soon a failed node is tried again. */
export interface RetryPolicy {
  /** The most attempts, the first included: 1 never retries, 10,000 is the most. Default 4. */
  readonly maxAttempts?: number;
  /** The longest wait before the second attempt. Default "1 second". */
  readonly backoff?: Duration;
  /** What each further failure multiplies that wait by, at least 1. Default 2. */
  readonly factor?: number;
  /** The longest wait of all. Default "5 minutes". */
  readonly maxBackoff?: Duration;
  /**
   * "full" waits a random time below the backoff, so that runs that failed together do not return
   * together; "none" waits exactly that long. Default "full".
   */
  readonly jitter?: "full" | "none";
}

/** A retry policy with its defaults filled in and its durations in milliseconds. */
export interface ResolvedRetry {
  readonly maxAttempts: number;
  readonly backoffMs: number;
  readonly factor: number;
  readonly maxBackoffMs: number;
  readonly jitter: "full" | "none";
}

/** A retry policy that no node can follow. */
export class InvalidRetryPolicyError extends Error {
  override readonly name = "InvalidRetryPolicyError";
}

/**
 * The most attempts of a node between two redrives. The number of an attempt is stored in two
 * bytes.
 */
export const MAX_ATTEMPTS = 10_000;

const OPTION_NAMES = ["maxAttempts", "backoff", "factor", "maxBackoff", "jitter"];

/** Fills in the defaults. Throws `InvalidRetryPolicyError` or `InvalidDurationError`. */
export function resolveRetry(policy: RetryPolicy = {}): ResolvedRetry {
  const problem = problemOfOptions("retry", policy, OPTION_NAMES);
  if (problem !== undefined) throw new InvalidRetryPolicyError(problem);
  const { maxAttempts = 4, backoff = "1 second", factor = 2, maxBackoff = "5 minutes", jitter = "full" } = policy;
  if (!Number.isSafeInteger(maxAttempts) || maxAttempts < 1 || maxAttempts > MAX_ATTEMPTS) {
    throw new InvalidRetryPolicyError(`maxAttempts is ${maxAttempts}: use a whole number from 1 to ${MAX_ATTEMPTS}`);
  }
  if (!Number.isFinite(factor) || factor < 1) throw new InvalidRetryPolicyError(`factor is ${factor}: use a number of 1 or more`);
  if (jitter !== "full" && jitter !== "none") throw new InvalidRetryPolicyError(`jitter is ${String(jitter)}: use "full" or "none"`);
  return Object.freeze({ maxAttempts, backoffMs: toMilliseconds(backoff), factor, maxBackoffMs: toMilliseconds(maxBackoff), jitter });
}

/**
 * The milliseconds to wait after attempt number `failedAttempt` (1 for the first) has failed;
 * `random` is from 0 up to, not including, 1.
 *
 * Full jitter: `random_between(0, min(cap, base * 2 ** attempt))`, from Marc Brooker, "Exponential
 * Backoff And Jitter", AWS Architecture Blog, 2015, which found it to make the fewest calls of the
 * variants compared.
 */
export function delayBeforeRetry(policy: ResolvedRetry, failedAttempt: number, random: number): number {
  const growth = Math.min(policy.factor ** (failedAttempt - 1), Number.MAX_VALUE);
  const backoffMs = Math.floor(Math.min(policy.maxBackoffMs, policy.backoffMs * growth));
  return policy.jitter === "full" ? Math.floor(random * backoffMs) : backoffMs;
}
