import { describe, expect, it } from "vitest";
import * as z from "zod";
import type { Duration } from "../../shared/domain/duration.ts";
import { createRegistry, shapeOf } from "../../shared/domain/registry.ts";
import { defineWorkflow, type AnyWorkflow } from "../../shared/domain/workflow.ts";
import { order } from "./fixtures.ts";

const named = (name: string, version: number): AnyWorkflow => defineWorkflow({ name, version, input: z.null() }).step("only", () => 1);
const slow = (timeout: Duration): AnyWorkflow =>
  defineWorkflow({ name: "order", version: 1, input: z.null() }).sql("record", { timeout }, () => ({ statements: [] }));
const options = { pollerTimeoutMs: 300_000 };

describe("a registry", () => {
  const second = named("order", 2);
  const tenth = named("order", 10);
  const other = named("other", 1);
  const registry = createRegistry([tenth, order, second, other], options);

  it("finds a workflow by name and version", () => {
    expect([registry.find("order", 1), registry.find("order", 2), registry.find("other", 1)]).toEqual([order, second, other]);
  });

  it("finds the newest version when none is named", () => {
    expect(registry.find("order")).toBe(tenth);
  });

  it.each(["__proto__", "constructor", "toString", "", "Order"])("does not know %j", (name) => {
    expect(registry.find(name)).toBeUndefined();
    expect(registry.find(name, 1)).toBeUndefined();
  });

  it("does not know a version that it was not given", () => {
    expect(registry.find("order", 3)).toBeUndefined();
  });

  it("knows a workflow named constructor when it has one", () => {
    expect(createRegistry([named("constructor", 1)], options).find("constructor")?.version).toBe(1);
  });

  it("lists what it was given", () => {
    expect(registry.all()).toEqual([tenth, order, second, other]);
  });

  it("says the shape of each workflow: kinds and names of its nodes in order", () => {
    expect(createRegistry([order], options).manifest()).toEqual([
      { name: "order", version: 1, shape: "step:charge|sleep:cooling-off|sql:record|step:notify" },
    ]);
  });

  it("may be empty", () => {
    expect(createRegistry([], options).manifest()).toEqual([]);
  });

  it("says in its manifest what a claim need not read, where its path is known", () => {
    const workflow = defineWorkflow({ name: "long", version: 1, input: z.null() })
      .script("code", () => 1)
      .all("sides", {
        left: (chain) => chain.repeat("poll", { max: 3, until: () => true }, (pass) => pass.script("inner", () => 1)),
        right: (chain) => chain.step("plain", () => 1),
      })
      .choose("route", () => "far", { far: (chain) => chain.script("walk", () => 1) })
      .map("kept", { over: () => [1] }, (chain) => chain.step("one", () => 1))
      .map("folded", { over: () => [1] }, (chain) => chain.step("two", () => 1), { collect: (sum: number) => sum, from: 0 });
    expect(createRegistry([workflow], options).manifest()).toMatchObject([
      {
        skips: [
          { path: "code", floor: "over" },
          { path: "sides/left/poll", floor: "pass" },
          { path: "route/far/walk", floor: "over" },
          { path: "folded", floor: "fold" },
        ],
      },
    ]);
  });
});

describe("a registry refuses", () => {
  it("the same name and version twice", () => {
    const sentence = 'Workflow "order": version 1 is registered twice: give one of them another version or name.';
    expect(() => createRegistry([order, named("order", 1)], options)).toThrow(sentence);
  });

  it.each([
    [[order, null], "workflows[1] is null, and no workflow: the list holds what defineWorkflow gives, such as [greet]."],
    [[undefined], "workflows[0] is undefined, and no workflow"],
    [[1], "workflows[0] is of type number, and no workflow"],
    [[() => order], "workflows[0] is of type function, and no workflow"],
    [[{}], "workflows[0] is of type object, and no workflow"],
  ])("a list that holds anything else, and says where and what: %#", (list, sentence) => {
    expect(() => createRegistry(list as never, options)).toThrow(sentence);
  });

  it("a workflow without nodes", () => {
    const empty = defineWorkflow({ name: "order", version: 1, input: z.null() });
    expect(() => createRegistry([empty], options)).toThrow('Workflow "order": it has no nodes: add a step, or another node.');
  });

  it("a timeout that leaves the poller less than 10 seconds, and says what to do", () => {
    expect(() => createRegistry([slow("290.001 seconds")], options)).toThrow(
      'Workflow "order", node "record": its timeout of 290.001 seconds is longer than the 290 seconds that the poller\'s timeout of 300 seconds leaves to a step: shorten the timeout, or raise the poller\'s.',
    );
    expect(createRegistry([slow("290 seconds")], options).all()).toHaveLength(1);
  });

  it("no sleep, however long", () => {
    const patient = defineWorkflow({ name: "order", version: 1, input: z.null() }).sleep("wait", "366 days");
    expect(shapeOf(createRegistry([patient], options).all()[0]!)).toBe("sleep:wait");
  });
});
