import { describe, expect, it } from "vitest";
import * as z from "zod";
import { InvalidDurationError } from "../../shared/domain/duration.ts";
import { InvalidWorkflowError, NonRetryableError } from "../../shared/domain/errors.ts";
import { NotJsonError, type Json } from "../../shared/domain/json.ts";
import { defineWorkflow, type Node, type State, type StepContext } from "../../shared/domain/workflow.ts";
import type { HandlerNode } from "../../shared/domain/node.ts";
import { contextOf } from "./fixtures.ts";
import { sceneOf } from "./scene.ts";

const Empty = z.object({});
const empty = defineWorkflow({ name: "order", version: 1, input: Empty });
const state: State = { input: {} };

/** The same workflow as code without types would see it. */
interface Untyped {
  step(name: string, ...rest: unknown[]): Untyped;
  sql(name: string, ...rest: unknown[]): Untyped;
  sleep(name: string, duration: unknown): Untyped;
  nodes: readonly Node[];
}
const untyped = empty as unknown as Untyped;

async function outputOf(workflow: { nodes: readonly Node[] }, given: State = state, context: StepContext = contextOf()): Promise<unknown> {
  const node = workflow.nodes.at(-1);
  if (node === undefined || !("run" in node)) throw new Error("the last node has no handler");
  const { output, statements } = await (node as HandlerNode).run(given, context);
  return statements === undefined ? output : { statements, output };
}

/** What the last node, a sleep, does first; what its function throws is thrown. */
function durationOf(workflow: { nodes: readonly Node[] }, given: State): number {
  const standing = workflow.nodes.at(-1)!.begin("wait");
  const [move] = standing.look(sceneOf(() => given)).moves;
  if (move?.do === "fail") throw move.thrown;
  if (move?.do !== "sleep") throw new Error("the last node is not a sleep");
  return move.durationMs;
}

describe("a workflow", () => {
  it("has a name, a version, an input schema and no nodes at first", () => {
    expect(empty).toMatchObject({ name: "order", version: 1, input: Empty, nodes: [] });
  });

  it("is never changed: each method returns another one", () => {
    const longer = empty.step("charge", () => 1);
    expect([empty.nodes.length, longer.nodes.length]).toEqual([0, 1]);
    expect([longer, longer.nodes, longer.nodes[0]].every(Object.isFrozen)).toBe(true);
  });

  it("can go on in two ways from one beginning", () => {
    const begun = empty.step("charge", () => 1);
    const names = [begun.step("ship", () => 1), begun.sleep("wait", "1 day")].map(({ nodes }) => nodes.map(({ name }) => name));
    expect(names).toEqual([
      ["charge", "ship"],
      ["charge", "wait"],
    ]);
  });

  it.each(["", "Order", "1-order", "order_1", "order 1", "__proto__", "bestellung-ä", "o".repeat(64)])("is not named %j", (name) => {
    const sentence = `Workflow "${name}": a name is a lower-case letter and then up to 62 letters, digits or hyphens.`;
    expect(() => defineWorkflow({ name, version: 1, input: Empty })).toThrow(sentence);
  });

  it.each(["o", "fulfil-order", "fulfilOrder2", "constructor", "o".repeat(63)])("may be named %j", (name) => {
    expect(defineWorkflow({ name, version: 1, input: Empty }).name).toBe(name);
  });

  it.each([0, -1, 1.5, NaN, 2 ** 31])("has no version %d", (version) => {
    expect(() => defineWorkflow({ name: "order", version, input: Empty })).toThrow(
      `its version is ${version}: use a whole number from 1 to 2147483647`,
    );
  });
});

describe("a node", () => {
  it.each(["Charge", "charge!", "__proto__"])("is not named %j", (name) => {
    expect(() => untyped.step(name, () => 1)).toThrow(`Workflow "order", node "${name}": a name is`);
  });

  it("is not named like the input", () => {
    expect(() => untyped.step("input", () => 1)).toThrow("this is the name of the run's input: choose another");
  });

  it("is not named like another one, whatever its kind", () => {
    expect(() => untyped.step("charge", () => 1).sleep("charge", "1 day")).toThrow(
      'Workflow "order", node "charge": this name is already in this workflow.',
    );
  });

  it("has 30 seconds and the default retry policy unless it says otherwise", () => {
    const plain = empty.step("charge", () => 1).nodes[0];
    expect(plain).toMatchObject({
      kind: "step",
      name: "charge",
      output: undefined,
      timeoutMs: 30_000,
      retry: { maxAttempts: 4, backoffMs: 1_000 },
    });
    const chosen = empty.sql("charge", { output: z.null(), timeout: "2 minutes", retry: { maxAttempts: 1 } }, () => ({
      statements: [],
      output: null,
    })).nodes[0];
    expect(chosen).toMatchObject({ kind: "sql", timeoutMs: 120_000, retry: { maxAttempts: 1 } });
  });

  it.each([
    [{ retry: { maxAttempts: 0 } }, "maxAttempts is 0: use a whole number from 1 to 10000."],
    [{ timeout: "0 seconds" }, 'its timeout of "0 seconds" leaves no time: use at least "1 millisecond".'],
    [{ timeout: "0.0001 milliseconds" }, 'its timeout of "0.0001 milliseconds" leaves no time: use at least "1 millisecond".'],
    [{ retry: { backoff: "soon" } }, '"soon" is not a duration'],
    [{ timeout: "367 days" }, '"367 days" is too long: use at most 366 days.'],
    [{ timeOut: "1 second" }, '"timeOut" is not an option of a node: use output, retry, timeout, when, undo or on.'],
  ])("with the options %j is refused, and the error says where", (options, problem) => {
    for (const kind of ["step", "sql"] as const) {
      const define = () => untyped[kind]("charge", options, () => 1);
      expect(define).toThrow(InvalidWorkflowError);
      expect(define).toThrow(`Workflow "order", node "charge": ${problem}`);
    }
  });
});

describe("a step", () => {
  it("hands the state and the context to its handler and stores what it returns", async () => {
    const context = contextOf({ attempt: 3 });
    const seen: unknown[] = [];
    const workflow = empty.step("charge", async (...given) => (seen.push(...given), { chargeId: "c" }));
    expect(await outputOf(workflow, state, context)).toEqual({ chargeId: "c" });
    expect(seen).toEqual([state, context]);
  });

  it("stores null when its handler returns nothing", async () => {
    expect(await outputOf(empty.step("charge", () => {}))).toBeNull();
  });

  it("stores what its schema makes of the return value", async () => {
    const Parcel = z.object({ id: z.string().trim(), etaDays: z.int().default(3) });
    const workflow = empty.step("ship", { output: Parcel }, () => ({ id: " p ", surplus: true }));
    expect(await outputOf(workflow)).toEqual({ id: "p", etaDays: 3 });
  });

  it("waits for a schema that takes its time", async () => {
    const Slow = z.string().transform(async (text) => text.toUpperCase());
    expect(await outputOf(empty.step("ship", { output: Slow }, () => "p"))).toBe("P");
  });

  it("fails when its schema refuses the return value", async () => {
    await expect(outputOf(untyped.step("ship", { output: z.string() }, () => 5))).rejects.toThrow(z.ZodError);
  });

  it("fails when it returns what is not JSON, with and without a schema", async () => {
    const at = { at: new Date(0) };
    await expect(outputOf(untyped.step("ship", () => at))).rejects.toThrow(NotJsonError);
    await expect(outputOf(untyped.step("ship", { output: z.any() }, () => at))).rejects.toMatchObject({ pointer: "/at" });
  });

  it("rejects, and does not throw, when its handler throws", async () => {
    const workflow = empty.step("ship", (): Json => {
      throw new NonRetryableError("no");
    });
    await expect(outputOf(workflow)).rejects.toThrow(new NonRetryableError("no"));
  });
});

describe("a sql node", () => {
  const statements = [{ text: "select $1", values: [1] }];

  it("gives its statements, and its output as a step does", async () => {
    const Total = z.object({ total: z.int().default(0) });
    expect(await outputOf(empty.sql("record", () => ({ statements, output: { n: 1 } })))).toEqual({ statements, output: { n: 1 } });
    expect(await outputOf(empty.sql("record", { output: Total }, async () => ({ statements, output: {} })))).toEqual({
      statements,
      output: { total: 0 },
    });
  });

  it("stores null when it gives no output", async () => {
    expect(await outputOf(empty.sql("record", () => ({ statements })))).toEqual({ statements, output: null });
  });

  it("fails for good when its handler returns no statements", async () => {
    const sentence = 'The handler of "record" must return { statements: […] }.';
    await expect(outputOf(untyped.sql("record", () => ({ text: "select 1" })))).rejects.toThrow(new NonRetryableError(sentence));
    await expect(outputOf(untyped.sql("record", () => undefined))).rejects.toThrow(new NonRetryableError(sentence));
  });
});

describe("a sleep", () => {
  it("lasts as long as it says", () => {
    expect(durationOf(empty.sleep("wait", "3 days"), state)).toBe(259_200_000);
  });

  it("may compute how long from the state", () => {
    const days = defineWorkflow({ name: "order", version: 1, input: z.object({ days: z.int() }) });
    expect(
      durationOf(
        days.sleep("wait", ({ input }) => `${input.days} days`),
        { input: { days: 2 } },
      ),
    ).toBe(172_800_000);
  });

  it("fails when it computes no duration", () => {
    const workflow = untyped.sleep("wait", () => "soon");
    expect(() => durationOf(workflow, state)).toThrow(InvalidDurationError);
  });

  it("of no duration is refused when it is defined", () => {
    expect(() => untyped.sleep("wait", "soon")).toThrow(InvalidWorkflowError);
  });
});
