import { describe, expect, it } from "vitest";
import * as z from "zod";
import { bytesOf, createRun, stateOf, unknownPath, type RunWorkflow } from "../../../shared/domain/run.ts";
import { defineWorkflow } from "../../../shared/domain/workflow.ts";
import { again, final, finalOf, Story } from "./story.ts";

const order = defineWorkflow({ name: "order", version: 1, input: z.null() }).step("charge", () => 1);
const retry = { retry: { maxAttempts: 2, backoff: "10 seconds", jitter: "none" } } as const;
const checks = order
  .all("checks", {
    credit: (chain) => chain.step("score", retry, () => 7).step("limit", ({ score }) => score),
    stock: (chain) => chain.sleep("settle", "1 hour").step("reserve", () => "r"),
    nothing: (chain) => chain,
  })
  .step("ship", () => "s");
const begin = (workflow: RunWorkflow = checks) => {
  const story = new Story(workflow);
  story.round();
  story.round({ charge: 1 });
  return story;
};

describe("an all", () => {
  it("has the kinds and names of its branches in its shape", () => {
    expect(checks.nodes[1]).toMatchObject({
      shape: "all:checks(credit=step:score|step:limit,stock=sleep:settle|step:reserve,nothing=)",
      timeoutsMs: [30_000, 30_000, 30_000],
      rowIsOutput: false,
      pathBytes: "checks/stock/reserve".length,
    });
  });

  it("begins all its branches at once, and a sleep in one does not park another", () => {
    const story = new Story(checks);
    story.round();
    expect(story.round({ charge: 1 })).toMatchObject({
      rows: [{ path: "charge" }],
      sleeps: [{ path: "checks/stock/settle", position: 1 }],
      starts: [{ path: "checks/credit/score", attempt: 1 }],
      fate: { kind: "stay", wait: { until: story.now + 3_600_000 } },
    });
    expect(story.round({ "checks/credit/score": 7 })).toMatchObject({ starts: [{ path: "checks/credit/limit" }], fate: { kind: "stay" } });
    expect(story.round({ "checks/credit/limit": 8 })).toMatchObject({ starts: [], fate: { kind: "park", delayMs: 3_600_000 } });
  });

  it("shows a handler what is around it and the nodes before it in its branch, and none of the others", () => {
    const story = begin();
    expect(story.sees("checks/credit/score")).toEqual({ input: null, charge: 1 });
    story.round({ "checks/credit/score": 7 });
    expect(story.sees("checks/credit/limit")).toEqual({ input: null, charge: 1, score: 7 });
    story.pass(3_600_000).round();
    expect(story.sees("checks/stock/reserve")).toEqual({ input: null, charge: 1, settle: { until: "2030-01-31T11:00:00.000Z" } });
  });

  it("is over when its last branch is: its output has what each came to, null where there was nothing to do", () => {
    const story = begin().pass(3_600_000);
    story.round({ "checks/credit/score": 7 });
    story.round({ "checks/credit/limit": 8 });
    story.round();
    expect(story.paths).toEqual(["checks/stock/reserve"]);
    expect(story.round({ "checks/stock/reserve": "r" }).starts).toMatchObject([{ path: "ship" }]);
    expect(stateOf(story.run)["checks"]).toEqual({ credit: 8, stock: "r", nothing: null });
  });

  it("of empty branches alone is refused: nothing would be stored of it", () => {
    expect(() => order.all("none", { a: (chain) => chain, b: (chain) => chain })).toThrow("none of its branches has a node");
  });

  it("that is the last node has the run's output in a row of its own, which is none of its state", () => {
    const story = begin(order.all("pair", { a: (chain) => chain.step("x", () => 1), b: (chain) => chain.step("y", () => 2) }));
    const before = bytesOf(story.run);
    expect(story.round({ "pair/a/x": 11, "pair/b/y": 22 })).toMatchObject({
      rows: [{ path: "pair/a/x" }, { path: "pair/b/y" }, { path: "~output", position: 1, attempt: 0, output: { a: 11, b: 22 } }],
      fate: { kind: "done" },
    });
    expect(bytesOf(story.run)).toBe(before + 4);
  });

  it("knows the rows of its branches alone", () => {
    const unknown = (path: string) => {
      const outputs = { charge: 1, [path]: 1 };
      return unknownPath(createRun({ id: "run-1", workflow: checks, input: null, outputs }), outputs);
    };
    const foreign = ["checks", "checks/credit", "checks/other/score", "checks/credit/reserve", "checks/credit/limit"];
    expect(foreign.map(unknown)).toEqual(foreign);
    expect(unknown("checks/credit/score")).toBe(undefined);
  });
});

describe("a branch that fails for good", () => {
  const two = order.all("pair", {
    a: (chain) => chain.step("x", retry, () => 1).step("y", () => 1),
    b: (chain) => chain.step("z", () => 2),
  });

  it("aborts the others; what comes still is stored, and the run fails when the last is back", () => {
    const story = begin(two);
    expect(story.round({ "pair/a/x": final })).toMatchObject({
      failures: [{ path: "pair/a/x", attempt: 1, delayMs: null }],
      starts: [],
      aborts: ["pair/b/z"],
      fate: { kind: "stay", wait: undefined },
    });
    expect(story.round({ "pair/b/z": 2 })).toMatchObject({
      rows: [{ path: "pair/b/z" }],
      failures: [],
      fate: { kind: "failed", error: { message: "no" } },
    });
  });

  it("makes the failure of an aborted one count as none", () => {
    const story = begin(two);
    story.round({ "pair/a/x": final });
    expect(story.round({ "pair/b/z": finalOf("aborted") })).toMatchObject({
      rows: [],
      failures: [],
      fate: { kind: "failed", error: { message: "no" } },
    });
  });

  it("fails the run with the failure that came first", () => {
    const at = (at: number, message: string) => ({ attempt: 1, at, error: { name: "Error", message } });
    const fatal = { "pair/a/x": at(2, "second"), "pair/b/z": at(1, "first") };
    const failures = { "pair/a/x": 1, "pair/b/z": 1 };
    const run = createRun({ id: "run-1", workflow: two, input: null, outputs: { charge: 1 }, failures, fatal });
    expect(run.chain.fatal).toMatchObject({ error: { message: "first" } });
  });

  it("fails the run at once when another poller claims it", () => {
    const story = begin(two);
    story.round({ "pair/a/x": final });
    expect(story.claim().round()).toMatchObject({ rows: [], failures: [], starts: [], fate: { kind: "failed", error: { message: "no" } } });
  });

  it("goes on after a redrive with what has no output, in the next attempt", () => {
    const story = begin(two);
    story.round({ "pair/a/x": again });
    story.pass(10_000).round();
    story.round({ "pair/b/z": 2 });
    story.round({ "pair/a/x": again });
    expect(story.redrive().round().starts).toMatchObject([{ path: "pair/a/x", attempt: 3, forgiven: 2 }]);
    story.round({ "pair/a/x": 1 });
    expect(story.round({ "pair/a/y": 1 }).fate).toEqual({ kind: "done" });
  });
});
