import { beforeEach, expect, test, vi } from "vitest";
import { newReport } from "../../shared/engine/poll/poll-report.ts";
import { pollMetrics } from "../../shared/lambda/metrics.ts";

vi.stubEnv("POWERTOOLS_DEV", "true");
vi.stubEnv("POWERTOOLS_METRICS_DISABLED", "false");
const lines: Record<string, unknown>[] = [];
vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>));
beforeEach(() => void (lines.length = 0));

test("lines of one poll add up to what it did, and only its first counts it", () => {
  const print = pollMetrics("baton", "dev");
  const report = Object.assign(newReport(), { steps: 5, crashed: 1, failedRuns: 2, poisoned: 1, expiredSignals: 4, oldestReadyMs: 7 });
  const unclaimed = Object.assign(newReport(), { oldestUnclaimedMs: 90_000 });
  print(report);
  Object.assign(report, { steps: 8, failedRuns: 3, oldestReadyMs: 70_000 });
  print(report);
  print(newReport());
  print(unclaimed);
  expect(lines).toMatchObject([
    { Polls: 1, Steps: 5, LeaseExpiries: 1, FailedRuns: 2, PoisonRuns: 1, ExpiredSignals: 4, OldestReadyAge: 7 },
    { Polls: 0, Steps: 3, LeaseExpiries: 0, FailedRuns: 1, OldestReadyAge: 70_000 },
    { Polls: 1, Steps: 0, LeaseExpiries: 0, FailedRuns: 0 },
    { Polls: 1, OldestUnclaimedAge: 90_000 },
  ]);
  for (const line of lines.slice(1)) expect(line).not.toHaveProperty("ExpiredSignals");
  for (const line of lines.slice(0, 3)) expect(line).not.toHaveProperty("OldestUnclaimedAge");
});
