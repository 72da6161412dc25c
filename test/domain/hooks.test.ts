import { describe, expect, it } from "vitest";
import * as z from "zod";
import { createRegistry } from "../../shared/domain/registry.ts";
import { defineWorkflow } from "../../shared/domain/workflow.ts";
import { Ending } from "../../shared/engine/ending.ts";

const options = { pollerTimeoutMs: 300_000 };
const notifyOps = defineWorkflow({ name: "notify-ops", version: 3, input: Ending }).step("mail", () => 1);
const named = { name: "audit", version: 1 };
const order = { name: "order", version: 1, input: z.null() } as const;

describe("a workflow with hooks", () => {
  const workflow = defineWorkflow({ ...order, whenFailed: notifyOps, whenEnded: named }).step("ship", () => 1);

  it("keeps them while nodes are added, frozen", () => {
    expect(workflow.hooks).toEqual({ failed: notifyOps, ended: named });
    expect(Object.isFrozen(workflow.hooks)).toBe(true);
  });

  it("tells them in its line of the manifest by name and version, and one without tells none", () => {
    const manifest = createRegistry([workflow, notifyOps], options).manifest();
    expect(manifest[0]).toMatchObject({ hooks: { failed: { name: "notify-ops", version: 3 }, ended: named } });
    expect(manifest[0]!.hooks!.failed).not.toHaveProperty("nodes");
    expect(manifest[1]).not.toHaveProperty("hooks");
  });

  it("may have one alone, or be its own by name, since a hook's run is followed by none", () => {
    const itself = defineWorkflow({ ...order, input: Ending, whenFailed: { name: "order", version: 1 } }).step("ship", () => 1);
    expect(createRegistry([itself], options).manifest()[0]!.hooks).toEqual({ failed: { name: "order", version: 1 } });
    const ended = defineWorkflow({ ...order, whenEnded: named }).step("ship", () => 1);
    expect(createRegistry([ended], options).manifest()[0]!.hooks).toEqual({ ended: named });
  });

  it.each(["whenFailed", "whenEnded"])("is refused where %s is no workflow, and says what to give", (key) => {
    const sentence = `Workflow "order": its ${key} is no workflow: give it one, or the { name, version } of one.`;
    for (const hook of [
      null,
      5,
      "notify-ops",
      () => 1,
      {},
      { name: "notify-ops" },
      { name: "Notify", version: 1 },
      { name: "a", version: 0 },
    ])
      expect(() => defineWorkflow({ ...order, [key]: hook as never })).toThrow(sentence);
  });
});

describe("a registry", () => {
  it.each([
    ["whenFailed", notifyOps],
    ["whenEnded", notifyOps],
  ])("refuses a workflow whose %s was given by value and is not in the list, and says what to do", (key, hook) => {
    const workflow = defineWorkflow({ ...order, [key]: hook }).step("ship", () => 1);
    const sentence =
      'Workflow "order": its hook, version 3 of "notify-ops", is not among the workflows: add it, or give { name, version } if another service runs it.';
    expect(() => createRegistry([workflow], options)).toThrow(sentence);
    const older = defineWorkflow({ name: "notify-ops", version: 2, input: Ending }).step("mail", () => 1);
    expect(() => createRegistry([workflow, older], options)).toThrow(sentence);
    expect(createRegistry([workflow, notifyOps], options).all()).toHaveLength(2);
  });
});

describe("the schema Ending", () => {
  it("takes what the database sends, of a run that is done and of one that has failed", () => {
    const done = { run: "r", workflow: "order", status: "done", error: null, node: null, attempts: 0 };
    const failed = { ...done, status: "failed", error: { name: "Error", message: "m", stack: "s" }, node: "all/a/ship", attempts: 4 };
    expect(Ending.safeParse(done).success).toBe(true);
    expect(Ending.safeParse(failed).success).toBe(true);
  });
});
