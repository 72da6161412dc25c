import { describe, expect, it } from "vitest";
import * as z from "zod";
import type { Json } from "../../../shared/domain/json.ts";
import { bytesOf, createRun, stateOf, unknownPath } from "../../../shared/domain/run.ts";
import { defineWorkflow } from "../../../shared/domain/workflow.ts";
import { again, final, Story } from "./story.ts";
import { sceneOf } from "../scene.ts";

const order = defineWorkflow({ name: "order", version: 1, input: z.null() });
const path = (index: number, node = "check") => `r/${String(index).padStart(5, "0")}/${node}`;
const polled = (more: object = {}) =>
  order
    .repeat("r", { max: 3, ...more }, (chain) => chain.step("check", () => "no"), { until: ({ last }) => last.check === "ready" })
    .step("after", () => 1);
const begin = (more: object = {}) => {
  const story = new Story(polled(more));
  story.round();
  return story;
};

describe("a repeat", () => {
  it("has its chain in its shape, and room in its paths for an index", () => {
    expect(polled().nodes[0]).toMatchObject({ shape: "repeat:r(step:check)", timeoutsMs: [30_000], pathBytes: "r/00000/~again".length });
  });

  it("begins its first pass without a row of its own, with index 0 and nothing before", () => {
    const story = new Story(polled());
    expect(story.round()).toMatchObject({ rows: [], starts: [{ path: path(0), attempt: 1 }] });
    expect(story.sees(path(0))).toEqual({ input: null, index: 0, previous: null });
  });

  it("stores that another pass follows, which sees what the one before came to", () => {
    const story = begin();
    expect(story.round({ [path(0)]: "no" })).toMatchObject({
      rows: [{ path: path(0) }, { path: path(0, "~again"), attempt: 0, output: null }],
      starts: [{ path: path(1), attempt: 1 }],
    });
    expect(story.sees(path(1))).toEqual({ input: null, index: 1, previous: "no" });
  });

  it("is over when a pass says so, with what that came to: only the pass before still counts, which a claim reads", () => {
    const story = begin();
    const before = bytesOf(story.run);
    story.round({ [path(0)]: "x".repeat(1_000) });
    expect(bytesOf(story.run)).toBe(before + 1_002);
    expect(story.round({ [path(1)]: "ready" })).toMatchObject({
      rows: [{ path: path(1) }, { path: "r/~over", attempt: 0, output: 1 }],
      starts: [{ path: "after" }],
    });
    expect(stateOf(story.run)).toEqual({ input: null, r: "ready" });
    expect(bytesOf(story.run)).toBe(before + 1_002 + 7);
  });

  it("sleeps between two passes where it says so, which parks the run", () => {
    const story = begin({ every: "1 hour" });
    expect(story.round({ [path(0)]: "no" })).toMatchObject({
      rows: [{ path: path(0) }],
      sleeps: [{ path: path(0, "~again"), position: 0, attempt: 1, durationMs: 3_600_000 }],
      starts: [],
      fate: { kind: "park", delayMs: 3_600_000 },
    });
    expect(story.pass(3_599_999).claim().round().starts).toEqual([]);
    expect(story.pass(1).round().starts).toMatchObject([{ path: path(1) }]);
  });

  it("has gone on where a later pass has a row, whatever the clock says", () => {
    const outputs = { [path(0)]: "no", [path(0, "~again")]: { until: "2030-01-31T10:00:00.000Z" }, [path(1)]: "no" };
    const run = createRun({
      id: "run-1",
      workflow: polled({ every: "1 hour" }),
      input: null,
      outputs,
      notBefore: { [path(0, "~again")]: 9e12 },
    });
    expect(run.chain.look(sceneOf(() => ({ input: null }))).moves).toMatchObject([{ do: "sleep", path: path(1, "~again") }]);
  });

  it("waits for what sleeps or backs off in its pass", () => {
    const story = new Story(order.repeat("r", { max: 1, until: () => true }, (chain) => chain.sleep("wait", "1 hour")));
    expect(story.round().fate).toEqual({ kind: "park", delayMs: 3_600_000 });
    expect(story.pass(3_600_000).round()).toMatchObject({ rows: [{ path: "r/~over" }, { path: "~output" }], fate: { kind: "done" } });
    const failing = begin();
    failing.round({ [path(0)]: again });
    expect(failing.round().starts).toMatchObject([]);
    expect(failing.claim().round().starts).toMatchObject([{ path: path(0), attempt: 2 }]);
  });

  it("asks once of each pass: what is stored decides, whatever the function would say today", () => {
    let isOver = false;
    const story = new Story(order.repeat("r", { max: 3, until: () => isOver }, (chain) => chain.step("check", () => 1)));
    story.round();
    story.round({ [path(0)]: 1 });
    isOver = true;
    expect(story.claim().round().starts).toMatchObject([{ path: path(1) }]);
  });

  it("fails after so many passes, and a redrive lets it go on for as many again", () => {
    const story = begin();
    for (const index of [0, 1]) story.round({ [path(index)]: "no" });
    const message = '"r" is not over after 3 passes: a redrive lets it go on for as many again, or raise its max.';
    expect(story.round({ [path(2)]: "no" })).toMatchObject({
      rows: [{ path: path(2) }],
      failures: [{ path: "r", attempt: 1, delayMs: null }],
      fate: { kind: "failed", error: { name: "RepeatedTooOftenError", message } },
    });
    expect(story.redrive().round().starts).toMatchObject([{ path: path(3), attempt: 1 }]);
    story.round({ [path(3)]: "no" });
    expect(story.round({ [path(4)]: "ready" }).starts).toMatchObject([{ path: "after" }]);
  });

  it("fails with its pass, which a redrive takes up", () => {
    const story = begin();
    story.round({ [path(0)]: "no" });
    expect(story.round({ [path(1)]: final }).fate.kind).toBe("failed");
    expect(story.redrive().round().starts).toMatchObject([{ path: path(1), attempt: 2 }]);
    expect(story.sees(path(1))).toMatchObject({ previous: "no" });
  });

  it.each([
    [
      "throws",
      () => {
        throw new RangeError("no");
      },
      "no",
    ],
    [
      "returns a promise",
      async () => true,
      "its until returned a promise: decide at once, and put what must be awaited into a step before it",
    ],
    ["returns a number", () => 1, "its until returned 1: return true or false"],
  ])("whose function %s fails for good, and may be redriven", (_, until, message) => {
    const story = new Story(order.repeat("r", { max: 1, until: until as never }, (chain) => chain.step("check", () => 1)));
    story.round();
    const failure = { path: "r", attempt: 1, delayMs: null, error: { message } };
    expect(story.round({ [path(0)]: 1 })).toMatchObject({ rows: [{ path: path(0) }], failures: [failure], fate: { kind: "failed" } });
    expect(story.redrive().round()).toMatchObject({ failures: [{ ...failure, attempt: 2 }], fate: { kind: "failed" } });
  });

  it("shows its function the outputs of the pass beside what is around it", () => {
    const seen: unknown[] = [];
    const until = (state: object) => seen.push(state) > 0;
    const story = new Story(
      order.step("a", () => 1).repeat("r", { max: 1, until }, (chain) => chain.step("x", () => 1).step("y", () => 2)),
    );
    story.round();
    story.round({ a: 7 });
    story.round({ [path(0, "x")]: 1 });
    story.round({ [path(0, "y")]: 2 });
    expect(seen[0]).toEqual({ input: null, a: 7, last: { x: 1, y: 2 } });
  });

  it("shows the next pass what a map in the one before has tolerated, also when it is read again", () => {
    const tolerant = order.repeat("r", { max: 9, until: () => false }, (chain) =>
      chain.map("m", { over: () => [0, 1], tolerate: 1 }, (items) => items.step("x", () => 1)),
    );
    const story = new Story(tolerant);
    story.round();
    story.round({ [path(0, "m/00000/x")]: 1, [path(0, "m/00001/x")]: final });
    expect(story.claim().round().starts).toHaveLength(2);
    const previous = [
      { ok: true, value: 1 },
      { ok: false, error: { name: "Error", message: "no" } },
    ];
    expect(story.sees(path(1, "m/00000/x"))).toMatchObject({ index: 0, previous });
    story.round({ [path(1, "m/00000/x")]: final, [path(1, "m/00001/x")]: final });
    expect(story.redrive().round().starts).toHaveLength(2);
    expect(story.sees(path(1, "m/00000/x"))).toMatchObject({ previous });
  });

  it("goes on from its last two passes, which are all that a claim reads", () => {
    const outputs = { [path(7)]: "no", [path(7, "~again")]: null, [path(8)]: "ready" };
    const run = createRun({ id: "run-1", workflow: polled(), input: null, outputs });
    expect(unknownPath(run, outputs)).toBeUndefined();
    expect(run.chain.look(sceneOf(() => ({ input: null }))).moves).toMatchObject([{ do: "store", path: "r/~over", output: 8 }]);
  });

  it("knows its passes and their nodes alone", () => {
    const unknown = (outputs: Record<string, Json>) =>
      unknownPath(createRun({ id: "run-1", workflow: polled(), input: null, outputs }), outputs);
    expect(unknown({ [path(0)]: 1, [path(0, "~again")]: null })).toBeUndefined();
    for (const foreign of ["r", "r/00000", "r/~again", "r/00000/~over", "r/00000/other", "r/first/check"])
      expect(unknown({ [foreign]: 1 })).toBe(foreign);
    for (const early of ["r/~over", path(0, "~again")]) expect(unknown({ [early]: null })).toBe(early);
    const two = order.repeat("r", { max: 1, until: () => true }, (chain) => chain.step("a", () => 1).step("b", () => 1));
    const outputs = { [path(0, "b")]: 1 };
    expect(unknownPath(createRun({ id: "run-1", workflow: two, input: null, outputs }), outputs)).toBe(path(0, "b"));
  });
});

describe("the options of a repeat", () => {
  it.each([
    [{ times: 5 }, '"times" is not an option of a repeat: use until, max or every'],
    [{ max: 0 }, "its max is 0: use a whole number from 1 to 10000"],
    [{ max: 10_001 }, "its max is 10001: use a whole number from 1 to 10000"],
    [{ every: "soon" }, '"soon" is not a duration'],
  ])("%j are refused when it is defined", (options, problem) => {
    expect(() => polled(options)).toThrow(`Workflow "order", node "r": ${problem}`);
  });

  it("say when it is over, of a chain that has something to do", () => {
    const step = (chain: { step(name: "check", handler: () => number): object }) => chain.step("check", () => 1);
    expect(() => order.repeat("r", { max: 1 } as never, step as never)).toThrow("its until is no function: write until: ({ last }) => …");
    expect(() => order.repeat("r", { max: 1, until: () => true }, (chain) => chain)).toThrow(
      "its chain has no nodes: add what is done in each pass",
    );
  });
});
