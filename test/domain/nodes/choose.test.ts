import { describe, expect, it } from "vitest";
import * as z from "zod";
import { createRun, stateOf, unknownPath } from "../../../shared/domain/run.ts";
import { defineWorkflow } from "../../../shared/domain/workflow.ts";
import { final, Story } from "./story.ts";
import { sceneOf } from "../scene.ts";

const Order = z.object({ country: z.string() });
const order = defineWorkflow({ name: "order", version: 1, input: Order });
const routed = order
  .choose("route", ({ input }) => (input.country === "DE" ? "domestic" : "abroad"), {
    domestic: (chain) => chain.step("label", () => "l"),
    abroad: (chain) => chain.step("customs", () => "c").end(({ customs }) => ({ held: customs })),
  })
  .step("ship", ({ route }) => route.output);
const untyped = (pick: unknown) => order.choose("route", pick as never, { a: (chain) => chain.step("x", () => 1) });

describe("a choose", () => {
  it("has the kinds and names of its arms in its shape, also where one ends the run", () => {
    expect(routed.nodes[0]).toMatchObject({
      shape: "choose:route(domestic=step:label,abroad=step:customs|end:~end)",
      timeoutsMs: [30_000, 30_000, 30_000],
      pathBytes: "route/domestic/label".length,
    });
  });

  it("stores which arm it is before the arm starts, and shows what it came to beside the case", () => {
    const story = new Story(routed, { country: "DE" });
    expect(story.round()).toMatchObject({
      rows: [{ path: "route", position: 0, attempt: 0, output: { case: "domestic" } }],
      starts: [{ path: "route/domestic/label", attempt: 1 }],
    });
    expect(story.round({ "route/domestic/label": "l" }).starts).toMatchObject([{ path: "ship" }]);
    expect(stateOf(story.run)["route"]).toEqual({ case: "domestic", output: "l" });
  });

  it("is asked once: what is stored decides, whatever the function would say today", () => {
    let says: "a" | "b" = "a";
    const fickle = order.choose("route", () => says, { a: (chain) => chain.step("x", () => 1), b: (chain) => chain.step("y", () => 1) });
    const story = new Story(fickle, { country: "DE" });
    story.round();
    says = "b";
    expect(story.claim().round().starts).toMatchObject([{ path: "route/a/x" }]);
  });

  it("goes on past an arm with nothing in it at once", () => {
    const story = new Story(
      order.choose("route", () => "none", { none: (chain) => chain }).step("ship", () => 1),
      { country: "DE" },
    );
    expect(story.round()).toMatchObject({ rows: [{ path: "route" }], starts: [{ path: "ship" }] });
    expect(stateOf(story.run)["route"]).toEqual({ case: "none", output: null });
  });

  it("that is the last node has the run's output in a row of its own", () => {
    const story = new Story(
      order.choose("route", () => "a", { a: (chain) => chain.step("x", () => 1) }),
      { country: "DE" },
    );
    story.round();
    expect(story.round({ "route/a/x": 1 })).toMatchObject({
      rows: [{ path: "route/a/x" }, { path: "~output", output: { case: "a", output: 1 } }],
      fate: { kind: "done" },
    });
  });

  it.each([
    ["no arm", () => "b", '"route" chose "b", which is none of its arms: return "a".'],
    ["nothing", () => undefined, '"route" chose undefined, which is none of its arms: return "a".'],
    ["null", () => null, '"route" chose null, which is none of its arms: return "a".'],
    ["an object", () => ({ case: "a" }), '"route" chose an object, which is none of its arms: return "a".'],
    [
      "a promise",
      () => Promise.reject(new Error("late")),
      "it returned a promise: decide at once, and put what must be awaited into a step before it",
    ],
  ])("whose function returns %s fails for good, and may be redriven", (_, pick, message) => {
    const story = new Story(untyped(pick), { country: "DE" });
    const failure = { path: "route", attempt: 1, delayMs: null, error: { message } };
    expect(story.round()).toMatchObject({ rows: [], failures: [failure], fate: { kind: "failed", error: { message } } });
    expect(story.redrive().round()).toMatchObject({ failures: [{ ...failure, attempt: 2 }], fate: { kind: "failed" } });
  });

  it("fails with its arm", () => {
    const story = new Story(routed, { country: "DE" });
    story.round();
    expect(story.round({ "route/domestic/label": final })).toMatchObject({ fate: { kind: "failed", error: { message: "no" } } });
  });

  it("wakes what sleeps in its arm", () => {
    const story = new Story(
      order.choose("route", () => "a", { a: (chain) => chain.sleep("x", "1 hour").step("y", () => 1) }),
      { country: "DE" },
    );
    expect(story.round().fate).toEqual({ kind: "park", delayMs: 3_600_000 });
    expect(story.pass(3_600_000).claim().round().starts).toMatchObject([{ path: "route/a/y" }]);
  });

  it.each([
    ["case that this code does not have", { route: { case: "by-air" } }, "route"],
    ["row that is no case", { route: "domestic" }, "route"],
    ["row of an arm that this code does not have", { route: { case: "domestic" }, "route/by-air/label": 1 }, "route/by-air/label"],
    ["row of a node that the arm has not come to", { route: { case: "abroad" }, "route/abroad/~end": 1 }, "route/abroad/~end"],
    ["row of an arm before there is a case", { "route/domestic/label": 1 }, "route/domestic/label"],
    ["row of an arm that was not chosen", { route: { case: "abroad" }, "route/domestic/label": 1 }, "route/domestic/label"],
  ])("makes a run unknown to this code by a stored %s", (_, outputs, path) => {
    const run = createRun({ id: "run-1", workflow: routed, input: { country: "DE" }, outputs });
    expect(unknownPath(run, outputs)).toBe(path);
  });

  it("has nothing to be done for a case that this code does not have, whatever is stored below it and whatever the time", () => {
    const outputs = { route: { case: "by-air" }, "route/by-air/label": 1 };
    const run = createRun({ id: "run-1", workflow: routed, input: { country: "DE" }, outputs });
    expect(run.chain.wake(Infinity).look(sceneOf(() => ({ input: null }))).moves).toEqual([]);
  });

  it("may be redriven once its function is mended, and goes on when it is read again", () => {
    let arm = "b";
    const story = new Story(
      untyped(() => arm),
      { country: "DE" },
    );
    story.round();
    arm = "a";
    expect(story.redrive().round()).toMatchObject({ rows: [{ path: "route" }], starts: [{ path: "route/a/x" }] });
    expect(story.claim().round().starts).toMatchObject([{ path: "route/a/x", attempt: 1 }]);
  });
});
