import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { delayBeforeRetry, InvalidRetryPolicyError, resolveRetry } from "../../shared/domain/retry-policy.ts";
import { seed } from "./seed.ts";

describe("a retry policy", () => {
  it("is by default 4 attempts, 1 second doubling up to 5 minutes, with full jitter", () => {
    expect(resolveRetry()).toEqual({ maxAttempts: 4, backoffMs: 1_000, factor: 2, maxBackoffMs: 300_000, jitter: "full" });
  });

  it("keeps what its author says and cannot be changed", () => {
    const retry = resolveRetry({ maxAttempts: 1, backoff: "10 seconds", factor: 1.5, maxBackoff: "1 hour", jitter: "none" });
    expect(retry).toEqual({ maxAttempts: 1, backoffMs: 10_000, factor: 1.5, maxBackoffMs: 3_600_000, jitter: "none" });
    expect(Object.isFrozen(retry)).toBe(true);
  });

  it.each([
    [{ maxAttempts: 0 }, "maxAttempts is 0: use a whole number from 1 to 10000"],
    [{ maxAttempts: 10_001 }, "maxAttempts is 10001: use a whole number from 1 to 10000"],
    [{ maxAttempts: 1.5 }, "maxAttempts is 1.5: use a whole number from 1 to 10000"],
    [{ maxAttempts: Infinity }, "maxAttempts is Infinity: use a whole number from 1 to 10000"],
    [{ factor: 0.5 }, "factor is 0.5: use a number of 1 or more"],
    [{ factor: NaN }, "factor is NaN: use a number of 1 or more"],
    [{ jitter: "some" as "full" }, 'jitter is some: use "full" or "none"'],
  ])("%o is refused: %s", (policy, sentence) => {
    expect(() => resolveRetry(policy)).toThrow(new InvalidRetryPolicyError(sentence));
  });
});

describe("the delay before a retry", () => {
  const exact = resolveRetry({ jitter: "none" });

  it("grows by the factor with every failure, up to the longest backoff", () => {
    const delays = [1, 2, 3, 9, 10, 5_000].map((attempt) => delayBeforeRetry(exact, attempt, 0.5));
    expect(delays).toEqual([1_000, 2_000, 4_000, 256_000, 300_000, 300_000]);
  });

  it("stays zero when the backoff is", () => {
    expect(delayBeforeRetry(resolveRetry({ backoff: "0 seconds", jitter: "none" }), 5_000, 0.5)).toBe(0);
  });

  it("is anywhere below the backoff with full jitter", () => {
    expect([0, 0.25, 0.9999].map((random) => delayBeforeRetry(resolveRetry(), 2, random))).toEqual([0, 500, 1_999]);
  });

  it(`is whole, not negative, and below what it would be without jitter (seed ${seed})`, () => {
    const policy = fc.record({
      maxAttempts: fc.constant(4),
      backoffMs: fc.nat(1_000_000),
      factor: fc.double({ min: 1, max: 1e6, noNaN: true }),
      maxBackoffMs: fc.nat(1_000_000),
    });
    fc.assert(
      fc.property(
        policy,
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (base, attempt, random) => {
          const longest = delayBeforeRetry({ ...base, jitter: "none" }, attempt, random);
          const delay = delayBeforeRetry({ ...base, jitter: "full" }, attempt, random);
          expect(longest).toBeLessThanOrEqual(base.maxBackoffMs);
          expect(Number.isSafeInteger(delay) && delay >= 0).toBe(true);
          expect(longest === 0 ? delay === 0 : delay < longest).toBe(true);
        },
      ),
      { seed, numRuns: 1_000 },
    );
  });
});
