import { describe, expect, it } from "vitest";
import * as z from "zod";
import { bytesOf, createRun, cursorOf, idempotencyKey, stateOf, unknownPath, withFact, type Run } from "../../shared/domain/run.ts";
import { defineWorkflow } from "../../shared/domain/workflow.ts";
import { order, orderRun, stored } from "./fixtures.ts";
import { sceneOf } from "./scene.ts";

const nextMoves = (run: Run) => run.chain.look(sceneOf(() => stateOf(run))).moves;

describe("a run", () => {
  it("begins without outputs and failures, with the bytes of its input", () => {
    const run = orderRun({ outputs: null, failures: null, forgiven: null });
    expect(run.chain).toMatchObject({ outputs: { length: 0 }, position: 0 });
    expect(bytesOf(run)).toBe(13);
  });

  it("is as large as its input and its outputs, in bytes of UTF-8", () => {
    expect(bytesOf(orderRun({ input: "€", outputs: { charge: "ab", "cooling-off": null } }))).toBe(5 + 4 + 4);
  });

  it("has a state of its input and its outputs, frozen to the leaves", () => {
    const state = stateOf(orderRun({ outputs: { charge: { list: [1] } } }));
    expect(state).toEqual({ input: { id: "o-1" }, charge: { list: [1] } });
    expect(() => (state.charge as { list: number[] }).list.push(2)).toThrow(TypeError);
  });

  it("stands at the first node without an output", () => {
    expect(cursorOf(orderRun())?.name).toBe("charge");
    expect(cursorOf(orderRun({ outputs: { charge: null } }))?.name).toBe("cooling-off");
  });

  it("stands at a sleep until it is over, whatever wakes it before", () => {
    const outputs = { charge: null, "cooling-off": { until: "2030-01-31T10:00:00.000Z" } };
    const run = createRun({ id: "run-1", workflow: order, input: null, outputs, notBefore: { "cooling-off": 2_000 } });
    expect([1_999, 2_000].map((now) => cursorOf({ ...run, chain: run.chain.wake(now) })?.name)).toEqual(["cooling-off", "record"]);
    expect(unknownPath(run, outputs)).toBeUndefined();
  });

  it("has come to a node of which something is stored, whatever sleeps before it by the clock", () => {
    const { notify: _, ...outputs } = stored;
    const run = createRun({ id: "run-1", workflow: order, input: null, outputs, notBefore: { "cooling-off": 2_000 } });
    expect(cursorOf(run)?.name).toBe("notify");
  });

  it("stands nowhere when every node has one", () => {
    expect(cursorOf(orderRun({ outputs: stored }))).toBeUndefined();
  });

  it("stands at a node that is named like something every object inherits", () => {
    const workflow = defineWorkflow({ name: "odd", version: 1, input: z.null() }).step("constructor", () => 1);
    const run = createRun({ id: "run-1", workflow, input: null });
    expect(cursorOf(run)?.name).toBe("constructor");
    expect(nextMoves(run)).toMatchObject([{ path: "constructor", attempt: 1 }]);
  });

  it("with another row is another run, larger by that row", () => {
    const run = orderRun();
    const next = withFact(run, "charge", { output: "ab", bytes: 4 });
    expect([stateOf(next)["charge"], bytesOf(next), run.chain.position]).toEqual(["ab", bytesOf(run) + 4, 0]);
  });
});

describe("an output that the chain cannot have produced", () => {
  it("is none in a run that has just begun, is under way, or is at its end", () => {
    expect([null, {}, { charge: 1 }, stored].map((outputs) => unknownPath(orderRun({ outputs }), outputs))).toEqual(
      Array.from({ length: 4 }),
    );
  });

  it.each([
    ["of a node that the chain does not have", { charge: 1, ship: 1 }, "ship"],
    ["of a node after one that has none", { charge: 1, record: null }, "record"],
    ["below a node that has nothing below it", { charge: 1, "cooling-off/part": 1 }, "cooling-off/part"],
    ["below a handler that has not run", { charge: 1, "cooling-off": 1, "record/part": 1 }, "record/part"],
    ["below one that is over", { charge: 1, "charge/part": 1 }, "charge/part"],
    ["of one more node than the chain has", { ...stored, ship: 1 }, "ship"],
    ["under a name that every object inherits", JSON.parse('{ "__proto__": 1 }'), "__proto__"],
  ])("is one %s", (_, outputs, name) => {
    expect(unknownPath(orderRun({ outputs }), outputs)).toBe(name);
  });
});

describe("a node of a run", () => {
  it("is in attempt number failures and 1, each node its own", () => {
    const { charge, ...rest } = stored;
    expect(nextMoves(orderRun({ failures: { charge: 2, notify: 5 } }))).toMatchObject([{ path: "charge", attempt: 3 }]);
    expect(nextMoves(orderRun({ outputs: { charge, "cooling-off": rest["cooling-off"] }, failures: { charge: 2 } }))).toMatchObject([
      { path: "record", attempt: 1 },
    ]);
  });

  it("keeps its attempt's number after a redrive, but its retry policy begins anew", () => {
    expect(nextMoves(orderRun({ failures: { charge: 4 }, forgiven: { charge: 3 } }))).toMatchObject([{ attempt: 5, forgiven: 3 }]);
  });

  it("has an idempotency key that says nothing of the attempt", () => {
    expect(idempotencyKey("run-1", "charge")).toBe("run-1/charge");
  });
});
