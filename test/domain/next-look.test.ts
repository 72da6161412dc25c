import { expect, it } from "vitest";
import { nextLookMs } from "../../shared/domain/next-look.ts";

it.each([
  ["nothing is known to come", null, null, 5_000],
  ["a run is due sooner", 400, null, 400],
  ["another poller's lease ends sooner", 4_000, 2_000, 2_000],
  ["what is due is just being claimed by another", 0, null, 100],
  ["a run is due later than others may enqueue", 60_000, 30_000, 5_000],
])("where %s, the next look is in time for it", (_what, dueInMs, leaseExpiresInMs, expected) => {
  expect(nextLookMs({ dueInMs, leaseExpiresInMs }, 5_000)).toBe(expected);
});

it("who looks more often than ten times a second is not slowed down", () => {
  expect(nextLookMs({ dueInMs: 0, leaseExpiresInMs: null }, 50)).toBe(50);
});
