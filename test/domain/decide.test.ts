import { describe, expect, it } from "vitest";
import * as z from "zod";
import { decide } from "../../shared/domain/decide.ts";
import { sleepRow } from "../../shared/domain/decide-fate.ts";
import { decideToFail } from "../../shared/domain/decide-to-fail.ts";
import type { Came, Circumstances, Outcome } from "../../shared/domain/decision.ts";
import { describeError, type ErrorRecord } from "../../shared/domain/errors.ts";
import type { Json } from "../../shared/domain/json.ts";
import { MAX_ATTEMPT, MAX_OUTPUT_BYTES, MAX_STATE_BYTES } from "../../shared/domain/limits.ts";
import { bytesOf, createRun, stateFor, stateOf, withFact, type Run } from "../../shared/domain/run.ts";
import type { AttemptMove } from "../../shared/domain/moves.ts";
import { defineWorkflow } from "../../shared/domain/workflow.ts";
import { order, orderRun, stored } from "./fixtures.ts";
import { sceneOf } from "./scene.ts";

const NOW = Date.parse("2030-01-31T10:00:00Z");
const { notify: _, ...untilNotify } = stored;
const { record: __, ...untilRecord } = untilNotify;
const error: ErrorRecord = { name: "Error", message: "no" };

const completed = (output: Json): Outcome => ({ kind: "completed", output });
const failed = (more: Partial<Extract<Outcome, { kind: "failed" }>> = {}): Outcome => ({ kind: "failed", error, retryable: true, ...more });
/** A text whose JSON, with its quotes, is that many bytes long. */
const textOf = (bytes: number) => "x".repeat(bytes - 2);

const circumstances = (some: Partial<Circumstances> = {}): Circumstances => ({
  now: NOW,
  clock: 1_000,
  random: () => 0,
  describe: describeError,
  newRunId: () => "child-1",
  ...some,
});

/** The next attempt at a path came back at once. */
const came = (run: Run, path: string, outcome: Outcome): Came => {
  const moves = run.chain.look(sceneOf(() => stateOf(run))).moves as readonly AttemptMove[];
  const { attempt, forgiven, node } = moves.find((move) => move.path === path)!;
  return { path, node, attempt, forgiven, aborted: false, outcome, startedAt: 990, finishedAt: 1_000 };
};
const after = (run: Run, path: string, outcome: Outcome, some?: Partial<Circumstances>) =>
  decide(run, [came(run, path, outcome)], circumstances(some));
const failsWith = (name: string, message: string) => ({ fate: { kind: "failed", error: { name, message } }, rows: [] });

describe("a completed node", () => {
  it("is stored, and lets the run go on with the next", () => {
    const run = orderRun({ outputs: untilRecord });
    expect(bytesOf(after(run, "record", completed("ab")).run)).toBe(bytesOf(run) + 4);
    expect(after(run, "record", completed("ab"))).toMatchObject({
      rows: [{ path: "record", position: 2, attempt: 1, output: "ab", bytes: 4, startedAt: 990, finishedAt: 1_000 }],
      run: { chain: { outputs: { length: 3 }, position: 3 } },
      starts: [{ do: "attempt", path: "notify" }],
      fate: { kind: "stay" },
    });
  });

  it("hands the next node a state that has its output", () => {
    const { run, starts } = after(orderRun({ outputs: untilRecord }), "record", completed("ab"));
    expect(stateFor(run, starts[0]!)).toEqual({ input: { id: "o-1" }, ...untilRecord, record: "ab" });
  });

  it("ends the run when it is the last", () => {
    expect(after(orderRun({ outputs: untilNotify }), "notify", completed("sent"))).toMatchObject({
      rows: [{ path: "notify", position: 3, output: "sent", bytes: 6 }],
      starts: [],
      fate: { kind: "done" },
    });
  });

  it("may have an output of 256 KiB", () => {
    expect(after(orderRun(), "charge", completed(textOf(MAX_OUTPUT_BYTES))).rows).toHaveLength(1);
  });

  it("fails the run when its output is larger, whatever the retry policy", () => {
    const message =
      'The output of "charge" is 262145 bytes of JSON as the database writes it, more than 262144: store the data elsewhere and return a reference to it.';
    const next = after(orderRun(), "charge", completed(textOf(MAX_OUTPUT_BYTES + 1)));
    expect(next).toMatchObject({ ...failsWith("OutputTooLargeError", message), failures: [{ path: "charge", attempt: 1, delayMs: null }] });
  });

  it("counts the bytes of its output, not its characters", () => {
    expect(after(orderRun(), "charge", completed("€".repeat(90_000))).fate.kind).toBe("failed");
  });

  it("counts the digits that the database writes of a number, not those that JavaScript writes", () => {
    const numbers = Array.from({ length: 900 }, () => 1e308);
    expect(after(orderRun(), "charge", completed(numbers)).fate).toMatchObject({ error: { name: "OutputTooLargeError" } });
  });

  it("may fill the state up to 4 MiB", () => {
    const run = { ...orderRun(), inputBytes: MAX_STATE_BYTES - 10 };
    expect(after(run, "charge", completed(textOf(10))).rows).toHaveLength(1);
  });

  it("fails the run when the state would be larger, also with its last output", () => {
    const message =
      'With the output of "notify" the run\'s state is 4194305 bytes of JSON as the database writes it, more than 4194304: store the data elsewhere and return a reference to it.';
    const full = orderRun({ outputs: untilNotify });
    const run = { ...full, inputBytes: MAX_STATE_BYTES - 10 - full.chain.bytes };
    expect(after(run, "notify", completed(textOf(11)))).toMatchObject(failsWith("StateTooLargeError", message));
  });
});

describe("a sleep", () => {
  it("begins in the round that stores the output before it, and parks the run", () => {
    expect(after(orderRun(), "charge", completed(1))).toMatchObject({
      rows: [{ path: "charge", position: 0 }],
      sleeps: [{ path: "cooling-off", position: 1, attempt: 1, durationMs: 3_600_000 }],
      starts: [],
      fate: { kind: "park", delayMs: 3_600_000 },
    });
  });

  it("begins without an attempt when a run has come to it", () => {
    expect(decide(orderRun({ outputs: { charge: 1 } }), [], circumstances())).toMatchObject({
      rows: [],
      sleeps: [{ path: "cooling-off" }],
    });
  });

  it("parks the run again for what is left, whatever woke it before its end", () => {
    const outputs = { charge: 1, "cooling-off": stored["cooling-off"] };
    const run = createRun({ id: "run-1", workflow: order, input: null, outputs, notBefore: { "cooling-off": NOW + 2_000 } });
    expect(decide(run, [], circumstances())).toMatchObject({ rows: [], sleeps: [], starts: [], fate: { kind: "park", delayMs: 2_000 } });
    expect(decide(run, [], circumstances({ now: NOW + 1 })).fate).toEqual({ kind: "stay", wait: { until: NOW + 2_000, clock: 2_999 } });
    expect(decide(run, [], circumstances({ now: NOW + 2_000 })).starts).toMatchObject([{ path: "record" }]);
  });

  it("that is read again lasts as long, whatever else is stored at its path or below", () => {
    const outputs = { charge: 1, "cooling-off": stored["cooling-off"], "cooling-off/part": 1 };
    const notBefore = { "cooling-off": NOW + 2_000 };
    const run = createRun({ id: "run-1", workflow: order, input: null, outputs, notBefore, failures: { "cooling-off": 1 } });
    expect(decide(run, [], circumstances()).fate).toEqual({ kind: "park", delayMs: 2_000 });
    const later = withFact(run, "cooling-off", sleepRow(NOW + 3_000));
    expect(decide(later, [], circumstances()).fate).toEqual({ kind: "park", delayMs: 3_000 });
  });

  it("whose function throws fails the run, as an attempt of it", () => {
    const workflow = defineWorkflow({ name: "odd", version: 1, input: z.null() }).sleep("wait", () => {
      throw new RangeError("no");
    });
    const run = createRun({ id: "run-1", workflow, input: null });
    expect(decide(run, [], circumstances())).toMatchObject({
      failures: [{ path: "wait", attempt: 1, delayMs: null, startedAt: 1_000, error: { name: "RangeError", message: "no" } }],
      fate: { kind: "failed", error: { name: "RangeError", message: "no" } },
    });
  });
});

describe("one run", () => {
  it("may be decided on twice, each time with its own output", () => {
    const run = after(orderRun({ outputs: { charge: 1, "cooling-off": stored["cooling-off"] } }), "record", completed(1)).run;
    const [one, other] = ["a", "b"].map((output) => after(run, "notify", completed(output)).run);
    expect([stateOf(one!), stateOf(other!)]).toMatchObject([{ notify: "a" }, { notify: "b" }]);
    expect(run.chain.position).toBe(3);
  });
});

describe("two attempts of one node", () => {
  const options = { retry: { maxAttempts: 3, backoff: "10 seconds", jitter: "none" } } as const;
  const workflow = defineWorkflow({ name: "pairs", version: 1, input: z.null() }).all("pair", {
    a: (chain) => chain.step("go", options, () => 1),
    b: (chain) => chain.step("go", options, () => 2),
  });
  const run = createRun({ id: "run-1", workflow, input: null });
  const back = (path: string, outcome: Outcome, of = run): Came => came(of, path, outcome);

  it("begin side by side", () => {
    const { starts } = decide(run, [], circumstances());
    expect(starts).toMatchObject([{ path: "pair/a/go" }, { path: "pair/b/go" }]);
    expect(stateFor(run, starts[0]!)).toEqual({ input: null });
  });

  it("that come back together are decided together: the run is done with the second", () => {
    const next = decide(run, [back("pair/a/go", completed(1)), back("pair/b/go", completed(2))], circumstances());
    expect(next).toMatchObject({
      rows: [
        { path: "pair/a/go", position: 0 },
        { path: "pair/b/go", position: 0 },
        { path: "~output", position: 0, attempt: 0, output: { a: 1, b: 2 } },
      ],
      fate: { kind: "done" },
    });
    expect(stateOf(next.run)).toEqual({ input: null, pair: { a: 1, b: 2 } });
  });

  it("that come back one after the other lose nothing of the first", () => {
    const first = decide(run, [back("pair/b/go", completed(2))], circumstances(), new Set(["pair/a/go"]));
    expect(first).toMatchObject({ rows: [{ path: "pair/b/go" }], starts: [], fate: { kind: "stay" } });
    const second = decide(first.run, [back("pair/a/go", completed(1))], circumstances());
    expect(second).toMatchObject({ rows: [{ path: "pair/a/go" }, { path: "~output" }], fate: { kind: "done" } });
    expect(stateOf(second.run)).toEqual({ input: null, pair: { a: 1, b: 2 } });
  });

  it("do not throw each other out: a backoff waits in the lease while the other runs, and parks the run once it is back", () => {
    const first = decide(run, [back("pair/a/go", failed())], circumstances(), new Set(["pair/b/go"]));
    expect(first).toMatchObject({ starts: [], fate: { kind: "stay", wait: { until: NOW + 10_000 } } });
    const second = decide(first.run, [back("pair/b/go", completed(2))], circumstances({ now: NOW + 1_000 }));
    expect(second).toMatchObject({ rows: [{ path: "pair/b/go" }], fate: { kind: "park", delayMs: 9_000 } });
  });

  it("of which one fails for good: what the other has brought is stored with the failure", () => {
    const next = decide(run, [back("pair/a/go", completed(1)), back("pair/b/go", failed({ retryable: false }))], circumstances());
    expect(next).toMatchObject({ rows: [{ path: "pair/a/go" }], failures: [{ path: "pair/b/go" }], fate: { kind: "failed", error } });
  });
});

describe("a run of which nothing came back", () => {
  it("begins with its first node", () => {
    expect(decide(orderRun(), [], circumstances())).toMatchObject({ rows: [], starts: [{ path: "charge" }], fate: { kind: "stay" } });
  });

  it("begins no attempt that is out", () => {
    expect(decide(orderRun(), [], circumstances(), new Set(["charge"]))).toMatchObject({ starts: [], fate: { kind: "stay" } });
  });

  it("is done when all its nodes are over", () => {
    expect(decide(orderRun({ outputs: stored }), [], circumstances())).toMatchObject({ rows: [], starts: [], fate: { kind: "done" } });
  });
});

describe("an error of ours", () => {
  it("fails the run, as that of the attempt that came back, or else as the first of the node that it has come to", () => {
    const run = orderRun({ failures: { charge: 1 } });
    const back = decideToFail(run, came(run, "charge", completed(1)), error, 1_000);
    const none = decideToFail(orderRun(), undefined, error, 1_000);
    expect(back).toMatchObject({ rows: [], failures: [{ path: "charge", attempt: 2, startedAt: 990 }], fate: { kind: "failed", error } });
    expect(none).toMatchObject({ failures: [{ path: "charge", attempt: 1, startedAt: 1_000 }], fate: { kind: "failed", error } });
    expect(decideToFail(orderRun({ outputs: stored }), undefined, error, 0)).toMatchObject({
      failures: [],
      fate: { kind: "failed", error },
    });
  });
});

describe("a failed attempt", () => {
  it("is retried after the policy's backoff, and counted", () => {
    expect(after(orderRun(), "charge", failed())).toMatchObject({
      failures: [{ path: "charge", attempt: 1, error, delayMs: 10_000 }],
      starts: [],
      fate: { kind: "park", delayMs: 10_000 },
    });
  });

  it("waits longer after each further one", () => {
    expect(after(orderRun({ failures: { charge: 1 } }), "charge", failed()).failures).toMatchObject([{ delayMs: 20_000 }]);
  });

  it("uses the random number that it is given for the jitter", () => {
    const run = orderRun({ outputs: untilNotify });
    const delays = [0, 0.5].map((random) => after(run, "notify", failed(), { random: () => random }).failures[0]!.delayMs);
    expect(delays).toEqual([0, 500]);
  });

  it("fails the run when the attempts are used up", () => {
    expect(after(orderRun({ failures: { charge: 1 } }), "charge", failed()).fate.kind).toBe("park");
    const last = after(orderRun({ failures: { charge: 2 } }), "charge", failed());
    expect(last).toMatchObject({ failures: [{ attempt: 3, delayMs: null, error }], fate: { kind: "failed", error } });
  });

  it("fails the run at once when no other attempt would help", () => {
    expect(after(orderRun(), "charge", failed({ retryable: false })).fate).toEqual({ kind: "failed", error });
  });

  it("is the last one when no higher number can be stored, however often it was redriven", () => {
    const at = (failures: number) => orderRun({ failures: { charge: failures }, forgiven: { charge: failures } });
    expect(after(at(MAX_ATTEMPT - 2), "charge", failed()).fate.kind).toBe("park");
    expect(after(at(MAX_ATTEMPT - 1), "charge", failed()).fate).toEqual({ kind: "failed", error });
  });

  it("has all attempts anew after a redrive", () => {
    const run = orderRun({ failures: { charge: 3 }, forgiven: { charge: 3 } });
    expect(after(run, "charge", failed())).toMatchObject({ failures: [{ attempt: 4, delayMs: 10_000 }] });
  });

  it("of one node does not count against another", () => {
    const run = orderRun({ outputs: untilNotify, failures: { charge: 9 } });
    expect(after(run, "notify", failed()).fate.kind).toBe("stay");
  });

  it("may say itself when it is tried again", () => {
    expect(after(orderRun(), "charge", failed({ retryAfterMs: 90_000 })).fate).toEqual({ kind: "park", delayMs: 90_000 });
    expect(after(orderRun(), "charge", failed({ retryAfterMs: 0 }))).toMatchObject({
      starts: [{ path: "charge" }],
      fate: { kind: "stay" },
    });
  });

  it("that says so is still one of the policy's attempts", () => {
    expect(after(orderRun({ failures: { charge: 2 } }), "charge", failed({ retryAfterMs: 5 })).fate.kind).toBe("failed");
  });

  it("stays in the lease when the retry is less than 2 seconds away, counted from when it was over", () => {
    const [soon, later] = [1_999, 2_000].map(
      (retryAfterMs) => after(orderRun(), "charge", failed({ retryAfterMs }), { clock: 1_100 }).fate,
    );
    expect([soon, later]).toEqual([
      { kind: "stay", wait: { until: NOW + 1_899, clock: 2_999 } },
      { kind: "park", delayMs: 2_000 },
    ]);
  });
});
