import { describe, expect, it } from "vitest";
import * as z from "zod";
import type { Methods } from "../../shared/domain/builder.ts";
import { InvalidWorkflowError } from "../../shared/domain/errors.ts";
import { pathPattern } from "../../shared/domain/path.ts";
import { createRun } from "../../shared/domain/run.ts";
import type { AttemptMove } from "../../shared/domain/moves.ts";
import { defineWorkflow } from "../../shared/domain/workflow.ts";
import { sceneOf } from "./scene.ts";

/** A workflow as code without types would see it. */
const order = defineWorkflow({ name: "order", version: 1, input: z.null() }) as unknown as Methods;
const step = (name: string) => (chain: Methods) => chain.step(name, () => 1);
/** Alls in one another, so many below the workflow's own. */
const nest = (depth: number, name = "a", innermost = "last"): ((chain: Methods) => Methods) =>
  depth === 0 ? step(innermost) : (chain) => chain.all(`${name}${depth}`, { b: nest(depth - 1, name, innermost) });

describe("a chain below a node", () => {
  it("may be 8 deep, and no deeper", () => {
    expect(nest(8)(order).nodes).toHaveLength(1);
    expect(() => nest(9)(order)).toThrow(
      'Workflow "order", node "a9/a8/a7/a6/a5/a4/a3/a2/a1": it is nested deeper than 8: make its chain a workflow of its own.',
    );
  });

  it("may have paths of 200 bytes, and none that is longer", () => {
    const [name, rest] = ["n".repeat(60), "n".repeat(200 - 3 * 64 - 1)];
    const deep = nest(3, name, rest)(order);
    const run = createRun({ id: "run-1", workflow: { name: "order", version: 1, nodes: deep.nodes }, input: null });
    const [{ path }] = run.chain.look(sceneOf(() => ({ input: null }))).moves as readonly [AttemptMove];
    expect([path.length, deep.nodes[0]!.pathBytes]).toEqual([199, 199]);
    expect(path).toMatch(pathPattern);
    expect(() => nest(3, name, `${rest}nn`)(order)).toThrow("the longest path of its rows has 201 bytes, more than 200: use shorter names");
  });

  it("that is not built with the methods it is given is refused", () => {
    const other = order.step("x", () => 1);
    for (const build of [() => undefined, () => 5, () => ({ nodes: [] }), () => other])
      expect(() => order.all("pair", { a: build })).toThrow(
        'Workflow "order", node "pair": its chain is not returned: write (chain) => chain.step(…).',
      );
    expect(() => order.all("pair", { a: other as never })).toThrow("it has no chain: write (chain) => chain.step(…)");
  });

  it("says where in it something is refused", () => {
    const define = () => order.all("pair", { a: (chain) => chain.step("x", { timeout: "0 seconds" }, () => 1) });
    expect(define).toThrow(InvalidWorkflowError);
    expect(define).toThrow('Workflow "order", node "pair/x": its timeout of "0 seconds" leaves no time');
  });

  it("has no name that is seen around it, nor one of what a map or a repeat says of the turn", () => {
    const taken = (name: string) => `Workflow "order", node "${name}": this name is already in this workflow.`;
    expect(() => order.step("x", () => 1).all("pair", { a: step("x") })).toThrow(taken("pair/x"));
    expect(() => order.all("pair", { a: (chain) => chain.step("x", () => 1).choose("c", () => "d", { d: step("x") }) })).toThrow(
      taken("pair/c/x"),
    );
    expect(() => order.map("m", { over: () => [] }, step("item"))).toThrow(taken("m/item"));
    expect(() => order.map("m", { over: () => [] }, step("index"))).toThrow(taken("m/index"));
    expect(() => order.repeat("r", { max: 1, until: () => true }, step("previous"))).toThrow(taken("r/previous"));
    expect(() => order.all("pair", { a: step("input") })).toThrow("this is the name of the run's input");
  });

  it("may have a name of another branch, of a later node, or of one within an earlier node", () => {
    const reused = order.all("pair", { a: step("x"), b: step("x") }).step("x", () => 1);
    expect(reused.nodes.map(({ shape }) => shape)).toEqual(["all:pair(a=step:x,b=step:x)", "step:x"]);
  });

  it("is never changed: two ways to go on from one beginning are two chains", () => {
    const shapes: (string | undefined)[] = [];
    const both = (chain: Methods) => {
      const begun = chain.step("x", () => 1);
      shapes.push(...[begun.step("y", () => 1), begun.step("z", () => 1)].map(({ nodes }) => nodes.at(-1)?.name));
      return begun;
    };
    expect(order.all("pair", { a: both }).nodes[0]?.shape).toBe("all:pair(a=step:x)");
    expect(shapes).toEqual(["y", "z"]);
  });
});

describe("a branch or an arm", () => {
  it.each([
    ["all", "branch", {}, "it has no branch: add one"],
    ["all", "branch", { Credit: step("x") }, 'its branch "Credit" has no name that can be stored: a name is a lower-case letter'],
    ["choose", "arm", {}, "it has no arm: add one"],
    ["choose", "arm", { "by air": step("x") }, 'its arm "by air" has no name that can be stored: a name is a lower-case letter'],
  ] as const)("of %s is a %s with a name: %j are refused", (kind, _, parts, problem) => {
    const define = () => (kind === "all" ? order.all("x", parts) : order.choose("x", () => "a", parts));
    expect(define).toThrow(`Workflow "order", node "x": ${problem}`);
  });

  it("is chosen by a function", () => {
    expect(() => order.choose("x", "a" as never, { a: step("y") })).toThrow('it has no function that chooses: write ({ input }) => "…"');
  });
});
