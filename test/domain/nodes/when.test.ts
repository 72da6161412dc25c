import { describe, expect, it } from "vitest";
import * as z from "zod";
import { bytesOf, createRun, stateOf, unknownPath } from "../../../shared/domain/run.ts";
import { defineWorkflow } from "../../../shared/domain/workflow.ts";
import { again, final, Story } from "./story.ts";

const order = defineWorkflow({ name: "order", version: 1, input: z.object({ gift: z.boolean() }) });
const retry = { maxAttempts: 2, backoff: "10 seconds", jitter: "none" } as const;
const wrapped = order.step("wrap", { when: ({ input }) => input.gift, retry }, () => "paper").step("ship", ({ wrap }) => wrap);

describe("a step with a when", () => {
  it("has a mark in its shape, since its rows are others, and keeps what else it was given", () => {
    expect(wrapped.nodes[0]).toMatchObject({
      kind: "step",
      shape: "step:wrap?",
      retry: { maxAttempts: 2 },
      pathBytes: "wrap/~when".length,
    });
  });

  it("runs when it is so: that it does is stored before it starts", () => {
    const story = new Story(wrapped, { gift: true });
    const before = bytesOf(story.run);
    expect(story.round()).toMatchObject({
      rows: [{ path: "wrap/~when", position: 0, attempt: 0, output: true }],
      starts: [{ path: "wrap", attempt: 1 }],
    });
    expect(bytesOf(story.run)).toBe(before);
    expect(story.round({ wrap: "paper" }).starts).toMatchObject([{ path: "ship" }]);
  });

  it("is skipped when it is not: its output is null, and the run goes on in the same round", () => {
    const story = new Story(wrapped, { gift: false });
    expect(story.round()).toMatchObject({ rows: [{ path: "wrap", attempt: 0, output: null }], starts: [{ path: "ship" }] });
    expect(stateOf(story.run)).toMatchObject({ wrap: null });
  });

  it("that is skipped as the last node makes null the run's output, in its own row", () => {
    const story = new Story(
      order.step("wrap", { when: () => false }, () => 1),
      { gift: false },
    );
    expect(story.round()).toMatchObject({ rows: [{ path: "wrap", output: null }], fate: { kind: "done" } });
  });

  it("is asked once, also when it fails and is tried again by another poller", () => {
    let asked = 0;
    const story = new Story(
      order.step("wrap", { when: () => ++asked > 0, retry }, () => 1),
      { gift: true },
    );
    story.round();
    story.round({ wrap: again });
    const before = asked;
    expect(story.pass(10_000).claim().round().starts).toMatchObject([{ path: "wrap", attempt: 2 }]);
    expect(asked).toBe(before);
  });

  it("may be a sql node", () => {
    const story = new Story(
      order.sql("record", { when: ({ input }) => input.gift }, () => ({ statements: [] })),
      { gift: false },
    );
    expect(story.round()).toMatchObject({ rows: [{ path: "record", output: null }], fate: { kind: "done" } });
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
      "its when returned a promise: decide at once, and put what must be awaited into a step before it",
    ],
    ["returns a text", () => "yes", "its when returned yes: return true or false"],
  ])("whose function %s fails for good, and may be redriven", (_, when, message) => {
    const story = new Story(
      order.step("wrap", { when: when as never }, () => 1),
      { gift: true },
    );
    const failure = { path: "wrap", attempt: 1, delayMs: null, error: { message } };
    expect(story.round()).toMatchObject({ rows: [], failures: [failure], fate: { kind: "failed" } });
    expect(story.redrive().round()).toMatchObject({ failures: [{ ...failure, attempt: 2 }], fate: { kind: "failed" } });
  });

  it("counts its attempts on from those in which its function threw", () => {
    let fails = true;
    const when = () => {
      if (fails) throw new Error("no");
      return true;
    };
    const story = new Story(
      order.step("wrap", { when }, () => 1),
      { gift: true },
    );
    story.round();
    fails = false;
    expect(story.redrive().round().starts).toMatchObject([{ path: "wrap", attempt: 2, forgiven: 1 }]);
    expect(story.round({ wrap: final }).fate.kind).toBe("failed");
  });

  it("whose function is none is refused when it is defined", () => {
    expect(() => order.step("wrap", { when: true as never }, () => 1)).toThrow(
      'Workflow "order", node "wrap": its when is no function: write when: ({ input }) => ….',
    );
  });

  it("knows its two rows alone", () => {
    const outputs = { "wrap/when": true };
    expect(unknownPath(createRun({ id: "run-1", workflow: wrapped, input: null, outputs }), outputs)).toBe("wrap/when");
  });
});
