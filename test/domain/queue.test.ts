import { describe, expect, it } from "vitest";
import * as z from "zod";
import { decide } from "../../shared/domain/decide.ts";
import type { Circumstances } from "../../shared/domain/decision.ts";
import { describeError, InvalidWorkflowError } from "../../shared/domain/errors.ts";
import { problemOfQueue, queueOf, queuesOf } from "../../shared/domain/queue.ts";
import { createRegistry } from "../../shared/domain/registry.ts";
import { createRun, stateOf } from "../../shared/domain/run.ts";
import type { AttemptMove } from "../../shared/domain/moves.ts";
import { defineWorkflow } from "../../shared/domain/workflow.ts";
import { sceneOf } from "./scene.ts";

const input = z.object({});
const begin = (on?: string) => defineWorkflow({ name: "film", version: 1, input, ...(on !== undefined && { on }) });
const film = begin()
  .step("probe", () => 1)
  .step("render", { on: "heavy" }, () => 2)
  .step("publish", () => 3);

const circumstances = (queue: string | undefined): Circumstances => ({
  now: 0,
  clock: 1_000,
  random: () => 0,
  describe: describeError,
  newRunId: () => "child-1",
  queue,
});
const runOf = (workflow: typeof film, outputs: Record<string, number>) => createRun({ id: "run-1", workflow, input: {}, outputs });
const decided = (outputs: Record<string, number>, queue?: string) => decide(runOf(film, outputs), [], circumstances(queue));
const after = (outputs: Record<string, number>, queue: string) => {
  const run = runOf(film, outputs);
  const [{ path, node, attempt, forgiven }] = run.chain.look(sceneOf(() => stateOf(run))).moves as [AttemptMove];
  const outcome = { kind: "completed", output: 7 } as const;
  return decide(run, [{ path, node, attempt, forgiven, aborted: false, outcome, startedAt: 990, finishedAt: 1_000 }], circumstances(queue));
};

describe("a node is on the queue that it names, else on its workflow's, else on the default one", () => {
  it("by its position", () => {
    const heavy = begin("heavy")
      .step("a", () => 1)
      .step("b", { on: "default" }, () => 1);
    expect([0, 1, 2].map((position) => queueOf(film, position))).toEqual(["default", "heavy", "default"]);
    expect([0, 1].map((position) => queueOf(heavy, position))).toEqual(["heavy", "default"]);
    expect(queuesOf([film, heavy, begin("gpu").step("a", () => 1)])).toEqual(["default", "heavy", "gpu"]);
  });

  it.each([
    ["sql", begin().sql("a", { on: "heavy" }, () => ({ statements: [] }))],
    ["script", begin().script("a", { on: "heavy" }, () => 1)],
    ["run", begin().run({ on: "heavy" }, () => 1)],
    ["a step with a condition and an undo", begin().step("a", { on: "heavy", when: () => true, undo: () => undefined }, () => 1)],
  ])("of %s too", (_what, workflow) => {
    expect(queueOf(workflow, 0)).toBe("heavy");
  });
});

describe("what cannot be on a queue is refused when it is defined", () => {
  const on = "heavy";
  it.each([
    ["a branch", () => begin().all("both", { left: (c) => c.step("a", { on }, () => 1) }), "both/a"],
    ["an arm", () => begin().choose("kind", () => "x", { x: (c) => c.sql("a", { on }, () => ({ statements: [] })) }), "kind/a"],
    ["an item", () => begin().map("each", { over: () => [1] }, (c) => c.step("a", { on }, () => 1)), "each/a"],
    ["a pass", () => begin().repeat("again", { until: () => true, max: 2 }, (c) => c.script("a", { on }, () => 1)), "again/a"],
  ] as const)("a step of %s", (_what, define, path) => {
    expect(define).toThrow(InvalidWorkflowError);
    expect(define).toThrow(path);
    expect(define).toThrow("a run goes to another queue as a whole");
  });

  it.each(["", "Heavy", "two words", 7, null])("a queue that is called %j", (name) => {
    expect(problemOfQueue(name)).toMatch("its on is no name of a queue");
    expect(() => begin(name as string)).toThrow("its on is no name of a queue");
    expect(() => begin().step("a", { on: name as string }, () => 1)).toThrow("its on is no name of a queue");
  });

  it("a sleep or a choice, which take no such option", () => {
    expect(() => begin().all("both", { on } as never)).toThrow(InvalidWorkflowError);
    expect(() => begin().approval("ok", { on, choices: ["yes"] } as never)).toThrow('"on" is not an option');
  });
});

describe("a run that is to go on elsewhere", () => {
  it("is parked there at once, in the round that stores what it has done", () => {
    expect(after({}, "default")).toMatchObject({
      rows: [{ path: "probe" }],
      starts: [],
      fate: { kind: "park", delayMs: 0, queue: "heavy" },
    });
    expect(after({ probe: 1 }, "heavy")).toMatchObject({ fate: { kind: "park", delayMs: 0, queue: "default" } });
  });

  it("is handed on by the first poller that sees it, and by another one in ten seconds", () => {
    expect(decided({ probe: 1 }, "default")).toMatchObject({ starts: [], fate: { kind: "park", delayMs: 0, queue: "heavy" } });
    expect(decided({}, "heavy")).toMatchObject({ starts: [], fate: { kind: "park", delayMs: 10_000, queue: "default" } });
  });

  it("begins there, and wherever all queues are served", () => {
    expect(decided({ probe: 1 }, "heavy")).toMatchObject({ starts: [{ path: "render" }], fate: { kind: "stay" } });
    expect(decided({ probe: 1 })).toMatchObject({ starts: [{ path: "render" }], fate: { kind: "stay" } });
  });

  it("waits for what is out of the node before it", () => {
    const both = begin()
      .all("both", { left: (c) => c.step("a", () => 1), right: (c) => c.step("b", () => 1) })
      .step("render", { on: "heavy" }, () => 2);
    const run = createRun({ id: "run-1", workflow: both, input: {}, outputs: { "both/a": 1, "both/b": 1 } });
    expect(decide(run, [], circumstances("default"), new Set(["both/b"]))).toMatchObject({ fate: { kind: "stay" }, aborts: ["both/b"] });
  });

  it("stays where it is while it sleeps, and waits for others on the default queue", () => {
    const paused = begin("heavy")
      .sleep("pause", "1 hour")
      .step("a", () => 1);
    const sleeping = decide(createRun({ id: "run-1", workflow: paused, input: {} }), [], circumstances("heavy"));
    expect(sleeping.fate).toEqual({ kind: "park", delayMs: 3_600_000, names: undefined, children: undefined });
    const asking = begin("heavy").waitFor("paid", { output: z.object({}), timeout: "1 hour" });
    const parks = (queue: string) => decide(createRun({ id: "run-1", workflow: asking, input: {} }), [], circumstances(queue)).fate;
    expect(parks("heavy")).toMatchObject({ kind: "park", queue: "default" });
    expect(parks("default")).not.toHaveProperty("queue");
  });

  it("is undone where its nodes are", () => {
    const saga = begin()
      .step("render", { on: "heavy", undo: () => undefined }, () => 2)
      .step("publish", () => 3);
    const ruled = { render: 2, "~verdict": { status: "failed", error: { name: "Error", message: "no" } } };
    const run = createRun({ id: "run-1", workflow: saga, input: {}, outputs: ruled });
    expect(decide(run, [], circumstances("default")).fate).toMatchObject({ kind: "park", queue: "heavy" });
    expect(decide(run, [], circumstances("heavy")).starts).toMatchObject([{ path: "~undo/render" }]);
  });
});

it("a timeout is held against the poller that has to keep it", () => {
  const long = begin().step("render", { on: "heavy", timeout: "10 minutes" }, () => 1);
  expect(() => createRegistry([long], { pollerTimeoutMs: 300_000 })).toThrow("shorten the timeout");
  expect(createRegistry([long], { pollerTimeoutMs: 300_000, queue: "default" }).all()).toHaveLength(1);
  expect(() => createRegistry([long], { pollerTimeoutMs: 300_000, queue: "heavy" })).toThrow("shorten the timeout");
});
