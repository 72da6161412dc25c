import { describe, expect, it } from "vitest";
import type { ErrorRecord } from "../../shared/domain/errors.ts";
import { MAX_ATTEMPT, MAX_OUTPUT_BYTES, MAX_STATE_BYTES, transition, type Outcome } from "../../shared/domain/transition.ts";
import { nodeOf, order, orderRun, stored } from "./fixtures.ts";

const charge = nodeOf(order, "charge");
const notify = nodeOf(order, "notify");
const { notify: _, ...untilNotify } = stored;
const error: ErrorRecord = { name: "Error", message: "no" };

const completed = (output: string): Outcome => ({ kind: "completed", output });
const failed = (more: Partial<Extract<Outcome, { kind: "failed" }>> = {}): Outcome => ({ kind: "failed", error, retryable: true, ...more });
/** A text whose JSON, with its quotes, is that many bytes long. */
const textOf = (bytes: number) => "x".repeat(bytes - 2);

describe("a completed node", () => {
  it("lets the run go on with its output", () => {
    const next = transition(orderRun(), charge, completed("ab"), 0);
    expect(next).toMatchObject({
      kind: "continue",
      output: "ab",
      bytes: 4,
      run: { outputs: { length: 1 }, position: 1, bytes: orderRun().bytes + 4 },
    });
  });

  it("ends the run when it is the last", () => {
    expect(transition(orderRun({ outputs: untilNotify }), notify, completed("sent"), 0)).toEqual({
      kind: "finish",
      output: "sent",
      bytes: 6,
    });
  });

  it("may have an output of 256 KiB", () => {
    expect(transition(orderRun(), charge, completed(textOf(MAX_OUTPUT_BYTES)), 0).kind).toBe("continue");
  });

  it("fails the run when its output is larger, whatever the retry policy", () => {
    const message =
      'The output of "charge" is 262145 bytes of JSON as the database writes it, more than 262144: store the data elsewhere and return a reference to it.';
    const next = transition(orderRun(), charge, completed(textOf(MAX_OUTPUT_BYTES + 1)), 0);
    expect(next).toEqual({ kind: "fail", error: { name: "OutputTooLargeError", message } });
  });

  it("counts the bytes of its output, not its characters", () => {
    expect(transition(orderRun(), charge, completed("€".repeat(90_000)), 0).kind).toBe("fail");
  });

  it("counts the digits that the database writes of a number, not those that JavaScript writes", () => {
    const numbers = Array.from({ length: 900 }, () => 1e308);
    const next = transition(orderRun(), charge, { kind: "completed", output: numbers }, 0);
    expect(next).toMatchObject({ kind: "fail", error: { name: "OutputTooLargeError" } });
  });

  it("may fill the state up to 4 MiB", () => {
    const run = { ...orderRun(), bytes: MAX_STATE_BYTES - 10 };
    expect(transition(run, charge, completed(textOf(10)), 0).kind).toBe("continue");
  });

  it("fails the run when the state would be larger, also with its last output", () => {
    const message =
      'With the output of "notify" the run\'s state is 4194305 bytes of JSON as the database writes it, more than 4194304: store the data elsewhere and return a reference to it.';
    const run = { ...orderRun({ outputs: untilNotify }), bytes: MAX_STATE_BYTES - 10 };
    expect(transition(run, notify, completed(textOf(11)), 0)).toEqual({ kind: "fail", error: { name: "StateTooLargeError", message } });
  });
});

describe("a sleep", () => {
  it("parks the run, also as the last node", () => {
    expect(transition(orderRun({ outputs: untilNotify }), notify, { kind: "slept", durationMs: 5 }, 0)).toEqual({
      kind: "sleep",
      durationMs: 5,
    });
  });
});

describe("a failed attempt", () => {
  it("is retried after the policy's backoff, and counted", () => {
    const next = transition(orderRun(), charge, failed(), 0);
    expect(next).toMatchObject({ kind: "retry", delayMs: 10_000, place: "ready", error, run: { failures: { charge: 1 } } });
  });

  it("waits longer after each further one", () => {
    expect(transition(orderRun({ failures: { charge: 1 } }), charge, failed(), 0)).toMatchObject({ kind: "retry", delayMs: 20_000 });
  });

  it("uses the random number that it is given for the jitter", () => {
    expect([0, 0.5].map((random) => transition(orderRun(), notify, failed(), random))).toMatchObject([{ delayMs: 0 }, { delayMs: 500 }]);
  });

  it("fails the run when the attempts are used up", () => {
    expect(transition(orderRun({ failures: { charge: 1 } }), charge, failed(), 0).kind).toBe("retry");
    expect(transition(orderRun({ failures: { charge: 2 } }), charge, failed(), 0)).toEqual({ kind: "fail", error });
  });

  it("fails the run at once when no other attempt would help", () => {
    expect(transition(orderRun(), charge, failed({ retryable: false }), 0)).toEqual({ kind: "fail", error });
  });

  it("is the last one when no higher number can be stored, however often it was redriven", () => {
    const at = (failures: number) => orderRun({ failures: { charge: failures }, forgiven: { charge: failures } });
    expect(transition(at(MAX_ATTEMPT - 2), charge, failed(), 0).kind).toBe("retry");
    expect(transition(at(MAX_ATTEMPT - 1), charge, failed(), 0)).toEqual({ kind: "fail", error });
  });

  it("has all attempts anew after a redrive", () => {
    const run = orderRun({ failures: { charge: 3 }, forgiven: { charge: 3 } });
    expect(transition(run, charge, failed(), 0)).toMatchObject({ kind: "retry", delayMs: 10_000, run: { failures: { charge: 4 } } });
  });

  it("of one node does not count against another", () => {
    expect(transition(orderRun({ failures: { charge: 9 } }), notify, failed(), 0).kind).toBe("retry");
  });

  it("may say itself when it is tried again", () => {
    expect(transition(orderRun(), charge, failed({ retryAfterMs: 90_000 }), 0)).toMatchObject({ delayMs: 90_000, place: "ready" });
    expect(transition(orderRun(), charge, failed({ retryAfterMs: 0 }), 0)).toMatchObject({ delayMs: 0, place: "lease" });
  });

  it("that says so is still one of the policy's attempts", () => {
    expect(transition(orderRun({ failures: { charge: 2 } }), charge, failed({ retryAfterMs: 5 }), 0).kind).toBe("fail");
  });

  it("stays in the lease when the retry is less than 2 seconds away", () => {
    const places = [1_999, 2_000].map((retryAfterMs) => transition(orderRun(), charge, failed({ retryAfterMs }), 0));
    expect(places).toMatchObject([{ place: "lease" }, { place: "ready" }]);
  });
});
