import { expect, test } from "vitest";
import { DatabaseBusyError, DatabaseUnknownOutcomeError } from "../../shared/domain/database-errors.ts";
import type { RunFacts } from "../../shared/domain/run-protocol.ts";
import type { Reader } from "../../shared/engine/operate/find-run.ts";
import { WaitTimeoutError } from "../../shared/engine/producer-errors.ts";
import { waitForRun } from "../../shared/engine/operate/wait-for-run.ts";

const id = "018f0000-0000-7000-8000-000000000000";
const start = Date.parse("2026-11-24T10:00:00Z");
const second = 1_000;
const hour = 3_600 * second;

/**
 * A run as it is at each second of its life, and the times at which it was asked for; time passes
 * only while somebody waits.
 */
function readerOf(factsAt: (ms: number) => Partial<RunFacts>, fails?: (asked: number) => Error | undefined) {
  let now = 0;
  const asked: number[] = [];
  const reader: Reader = {
    clock: {
      now: () => now,
      after(milliseconds, callback) {
        now += milliseconds;
        queueMicrotask(callback);
        return () => {};
      },
    },
    random: () => 1,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    stacks: true,
    nodesOf: () => undefined,
    runs: {
      async findRun(_id, { timeoutMs }) {
        asked.push(now);
        const error = fails?.(asked.length);
        if (error !== undefined) {
          now += timeoutMs;
          throw error;
        }
        const at = (ms: number) => new Date(start + ms).toISOString();
        const fresh: RunFacts = {
          id,
          workflow: "demo",
          version: 1,
          priority: 2,
          input: null,
          created_at: at(0),
          moment: at(now),
          status: "ready",
          error: null,
          finished_at: null,
          run_at: null,
          blocked: null,
          redrives: 0,
          crashes: 0,
          checkpoints: [],
          failures: [],
        };
        return { ...fresh, ...factsAt(now) };
      },
    },
  };
  return { reader, asked, now: () => now };
}

const at = (ms: number) => new Date(start + ms).toISOString();
const sleeping =
  (untilMs: number) =>
  (ms: number): Partial<RunFacts> =>
    ms < untilMs ? { status: "waiting", run_at: at(untilMs) } : { status: "done", finished_at: at(ms) };

test("a run that sleeps for half an hour is asked for once before and once after", async () => {
  const { reader, asked } = readerOf(sleeping(hour / 2));
  expect((await waitForRun(reader, id, "2 hours")).status).toBe("done");
  expect(asked).toEqual([0, hour / 2]);
});

test("a run that waits for days is asked for once an hour, so that its cancel is noticed", async () => {
  const cancelled = (ms: number): Partial<RunFacts> =>
    ms < 30.5 * hour ? { status: "waiting", run_at: at(72 * hour) } : { status: "cancelled", finished_at: at(30.5 * hour) };
  const { reader, asked } = readerOf(cancelled);
  expect((await waitForRun(reader, id, "3 days")).status).toBe("cancelled");
  expect(asked).toEqual(Array.from({ length: 32 }, (_, nth) => nth * hour));
});

test.each(["infinity", "294276-12-31T23:59:59+00:00"])("a run that waits until %s is asked for once an hour", async (run_at) => {
  const { reader, asked } = readerOf((ms) => (ms < 3 * hour ? { status: "waiting", run_at } : { status: "done", finished_at: at(ms) }));
  await waitForRun(reader, id, "1 day");
  expect(asked).toEqual([0, hour, 2 * hour, 3 * hour]);
});

test("a run that goes on is asked for again soon after its time, and once a second at most while it runs", async () => {
  const life = (ms: number): Partial<RunFacts> =>
    ms < 600 * second
      ? { status: "waiting", run_at: at(600 * second) }
      : ms < 610 * second
        ? { status: "running" }
        : { status: "done", finished_at: at(ms) };
  const { reader, asked } = readerOf(life);
  await waitForRun(reader, id, "1 hour");
  expect(asked.slice(0, 3)).toEqual([0, 600 * second, 600 * second + 50]);
  // no guess: the clock is the test's own
  expect(asked.length).toBeLessThan(25);
  const pauses = asked.slice(2).map((time, nth) => time - asked[nth + 1]!);
  expect(Math.max(...pauses)).toBe(second);
});

test("a blocked run is asked for less and less often, down to once a minute", async () => {
  const { reader, asked } = readerOf((ms) =>
    ms < hour ? { status: "blocked", blocked: "no such workflow" } : { status: "done", finished_at: at(ms) },
  );
  await waitForRun(reader, id, "1 day");
  // no guess: the clock is the test's own
  expect(asked.length).toBeLessThan(80);
  expect(Math.max(...asked.slice(1).map((time, nth) => time - asked[nth]!))).toBe(60 * second);
});

test("a wait that ends before the run's time asks once at its beginning and once at its end", async () => {
  const { reader, asked, now } = readerOf(sleeping(hour));
  await expect(waitForRun(reader, id, "10 minutes")).rejects.toThrow(WaitTimeoutError);
  expect(asked).toEqual([0, 600 * second]);
  expect(now()).toBe(600 * second);
});

test.each([new DatabaseUnknownOutcomeError("no answer", {}), new DatabaseBusyError("too many connections", {})])(
  "a wait of less than the client's patience ends as a timeout while the database is silent: %s",
  async (error) => {
    const { reader } = readerOf(sleeping(hour), () => error);
    for (const timeout of ["1 millisecond", "100 milliseconds", "3 seconds", "9 seconds"] as const) {
      await expect(waitForRun(reader, id, timeout)).rejects.toMatchObject({ name: "WaitTimeoutError", runId: id, status: "unknown" });
    }
    await expect(waitForRun(reader, id, "1 minute")).rejects.toBe(error);
  },
);

test("a timeout says the last status that was known", async () => {
  const { reader } = readerOf(sleeping(hour), (asked) => (asked > 1 ? new DatabaseUnknownOutcomeError("no answer", {}) : undefined));
  await expect(waitForRun(reader, id, "3 seconds")).rejects.toMatchObject({ name: "WaitTimeoutError", status: "waiting" });
});
