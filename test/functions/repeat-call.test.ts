import { expect, test } from "vitest";
import { DatabaseBusyError, DatabaseRefusedError, DatabaseUnknownOutcomeError } from "../../shared/domain/database-errors.ts";
import type { Caller } from "../../shared/engine/ask.ts";
import { repeatCall } from "../../shared/engine/repeat-call.ts";

/** Time that passes only while somebody waits, and a call that takes its time and then throws. */
function patientCaller(random = 1) {
  let now = 0;
  const timeouts: number[] = [];
  const caller: Caller = {
    clock: {
      now: () => now,
      after(milliseconds, callback) {
        now += milliseconds;
        queueMicrotask(callback);
        return () => {};
      },
    },
    random: () => random,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  };
  const failing =
    (error: Error, tookMs: number) =>
    async ({ timeoutMs }: { timeoutMs: number }) => {
      timeouts.push(timeoutMs);
      now += Math.min(tookMs, timeoutMs);
      throw error;
    };
  return { caller, failing, timeouts, now: () => now };
}

const unknown = new DatabaseUnknownOutcomeError("no answer", {});

test("a call that hangs is given up after 10 seconds, its last try in the time that is left", async () => {
  const { caller, failing, timeouts, now } = patientCaller();
  await expect(repeatCall(caller, failing(unknown, Infinity))).rejects.toBe(unknown);
  expect(timeouts).toEqual([4_000, 4_000, 1_700]);
  expect(now()).toBe(10_000);
});

test("a call that fails at once is made four times, with growing pauses", async () => {
  const { caller, failing, timeouts, now } = patientCaller();
  const busy = new DatabaseBusyError("too many connections", {});
  await expect(repeatCall(caller, failing(busy, 0))).rejects.toBe(busy);
  expect(timeouts).toHaveLength(4);
  expect(now()).toBe(100 + 200 + 400);
});

test("a definitive no, and an error that is not the database's, are not asked again", async () => {
  for (const error of [new DatabaseRefusedError("no", {}), new TypeError("a bug")]) {
    const { caller, failing, timeouts } = patientCaller();
    await expect(repeatCall(caller, failing(error, 0))).rejects.toBe(error);
    expect(timeouts).toHaveLength(1);
  }
});

test("a caller's own deadline is kept", async () => {
  const { caller, failing, timeouts, now } = patientCaller();
  await expect(repeatCall(caller, failing(unknown, Infinity), 500)).rejects.toBe(unknown);
  expect(timeouts).toEqual([500]);
  expect(now()).toBe(500);
});

test("a try that was certainly not applied does not hide an earlier one that may have been", async () => {
  const { caller } = patientCaller();
  const busy = new DatabaseBusyError("too many connections", {});
  const outcomes = [busy, unknown, busy, busy];
  await expect(repeatCall(caller, () => Promise.reject(outcomes.shift()!))).rejects.toBe(unknown);
});

test("a refusal that says nothing of the call does not hide an earlier try that may have been applied, and is asked again", async () => {
  const { caller } = patientCaller();
  const unheard = new DatabaseRefusedError("Server error (HTTP status 401): no", {});
  const outcomes = [unknown, unheard, unheard, unheard];
  await expect(repeatCall(caller, () => Promise.reject(outcomes.shift()!))).rejects.toBe(unknown);
  expect(outcomes).toEqual([]);
  const heard = new DatabaseRefusedError("too long", { sqlstate: "22001", rolledBack: true });
  const others = [unknown, heard];
  await expect(repeatCall(caller, () => Promise.reject(others.shift()!))).rejects.toBe(heard);
});
