import { describe, expect, it } from "vitest";
import * as z from "zod";
import { now } from "../../../shared/domain/author.ts";
import type { Json } from "../../../shared/domain/json.ts";
import type { HandlerNode } from "../../../shared/domain/node.ts";
import { defineWorkflow, NonRetryableError } from "../../../shared/index.ts";
import { contextOf } from "../fixtures.ts";
import { Story } from "./story.ts";

const order = defineWorkflow({ name: "order", version: 1, input: z.null() });
/** Its methods as plain JavaScript calls them. */
type Untyped = Readonly<Record<string, (...given: readonly unknown[]) => Untyped>> & { readonly nodes: typeof order.nodes };
const plain = order as unknown as Untyped;
const pass = () => 1;
const chain = (below: Untyped) => below["step"]!("x", pass);
const arm = (below: Untyped) => below["end"]!();

describe("a method that is given too little", () => {
  it.each([
    ["step", [], 'it has no handler: write .step("a", ({ input }) => …)'],
    ["step", [{ timeout: "1 second" }], 'it has no handler: write .step("a", ({ input }) => …)'],
    ["step", [pass, {}], 'it has no handler: write .step("a", ({ input }) => …)'],
    ["sql", [], 'it has no handler: write .sql("a", ({ input }) => ({ statements: […] }))'],
    ["sql", [{}, undefined], 'it has no handler: write .sql("a", ({ input }) => ({ statements: […] }))'],
    ["script", [], "it has no code: write async (state, { step }) => …"],
    ["script", [{}], "it has no code: write async (state, { step }) => …"],
    ["sleep", [], '"undefined" is not a duration: write a number, a space and a unit'],
    ["all", [], "it has no branch: write { name: (chain) => chain.step(…) }"],
    ["all", [{ one: undefined }], "it has no chain: write (chain) => chain.step(…)"],
    ["choose", [], "it has no arm: write { name: (chain) => chain.step(…) }"],
    ["choose", [undefined, { b: chain }], 'it has no function that chooses: write ({ input }) => "…"'],
    ["choose", [() => "b"], "it has no arm: write { name: (chain) => chain.step(…) }"],
    ["choose", [() => "b", { b: arm }], "it has no handler: write .end(({ input }) => …)"],
    ["map", [], "it has no chain: write (chain) => chain.step(…)"],
    ["map", [{}], "it has no chain: write (chain) => chain.step(…)"],
    ["map", [undefined, chain], "its over is no function: write over: ({ input }) => input.items"],
    ["repeat", [], "it has no chain: write (chain) => chain.step(…)"],
    ["repeat", [undefined, chain], "its until is no function: write until: ({ last }) => …"],
    ["waitFor", [], 'it has no timeout: say how long it waits, such as timeout: "30 days"'],
    ["approval", [], "it asks nobody: write ask: ({ input }, { links }) => …, which sends the links"],
    ["callback", [], "it has no handler: write ({ input }, { callback }) => …"],
    ["callback", [undefined, pass], 'it has no timeout: say how long the answer may take, such as timeout: "6 hours"'],
  ])("says what to write: %s(%j)", (method, given, sentence) => {
    const call = () => plain[method]!("a", ...given);
    expect(call).toThrow(/^Workflow "order", node "a(\/end)?": /);
    expect(call).toThrow(sentence);
  });

  it("says so of a workflow of one script, of one without a name of its node, and of one that is nothing", () => {
    expect(() => plain["run"]!()).toThrow('Workflow "order", node "run": it has no code: write async (state, { step }) => …');
    expect(() => plain["step"]!()).toThrow("a name is a lower-case letter");
    expect(() => plain["step"]!(pass)).toThrow("a name is a lower-case letter");
    expect(() => defineWorkflow(undefined as never)).toThrow("a name is a lower-case letter");
    expect(() => defineWorkflow({ name: "order", version: 1 } as never)).toThrow(
      'Workflow "order": its input is no schema: give it one of zod, such as z.json().',
    );
  });
});

describe("an option that nothing knows", () => {
  it.each([
    [
      "step",
      [{ retry: { maxAtempts: 3 } }, pass],
      '"maxAtempts" is not an option of retry: use maxAttempts, backoff, factor, maxBackoff or jitter',
    ],
    ["approval", [{ choices: ["yes"], timeout: "1 day", ask: pass, retry: { tries: 3 } }], '"tries" is not an option of retry'],
    ["callback", [{ output: z.json(), timeout: "1 day", retry: { tries: 3 } }, pass], '"tries" is not an option of retry'],
    [
      "step",
      [{ retry: 5 }, pass],
      "the options of retry are a number: write an object of maxAttempts, backoff, factor, maxBackoff or jitter",
    ],
    ["step", ["30 seconds", pass], "the options of a node are a string: write an object of output, retry, timeout, when, undo or on"],
    ["step", [null, pass], "the options of a node are null: write an object of output, retry, timeout, when, undo or on"],
    ["waitFor", [[z.json()]], "the options of a waitFor are a list: write an object of output, any, all, key, timeout or onTimeout"],
    ["step", [{ output: { type: "string" } }, pass], "its output is no schema: give it one of zod, such as z.json()"],
  ])("is refused with those that are known: %s(%j)", (method, given, sentence) => {
    expect(() => plain[method]!("a", ...given)).toThrow(`Workflow "order", node "a": ${sentence}`);
  });

  it("is refused of a workflow", () => {
    expect(() => defineWorkflow({ name: "order", version: 1, input: z.null(), retries: 3 } as never)).toThrow(
      'Workflow "order": "retries" is not an option of a workflow: use name, version, input, attributes, whenFailed, whenEnded or on.',
    );
  });

  it.each([
    [{ timeout: "1 second" }, `The step "pay": "timeout" is not an option of a script's step: use of, retry or output.`],
    [{ retry: { maxAtempts: 3 } }, 'The step "pay": "maxAtempts" is not an option of retry: use maxAttempts, backoff'],
    [{ retry: { backoff: "soon" } }, 'The step "pay": "soon" is not a duration'],
    ["o-1", `The step "pay": the options of a script's step are a string`],
  ])("is refused of a script's step, whose script fails for good: %j", async (options, sentence) => {
    const script = order.script("book", (_, { step }) => step("pay", options as never, () => 1)).nodes[0] as HandlerNode;
    const failing = script.run({ input: null }, contextOf());
    await expect(failing).rejects.toThrow(NonRetryableError);
    await expect(failing).rejects.toThrow(sentence);
  });
});

describe("a time that is none", () => {
  it.each(["0 seconds", "-1 seconds", "0.0001 milliseconds"])("is refused of the pause of a repeat: %s", (every) => {
    expect(() => plain["repeat"]!("a", { max: 1, every, until: () => true }, chain)).toThrow(
      `Workflow "order", node "a": its every of "${every}" is no pause: use at least "1 millisecond", or leave every out.`,
    );
  });

  it("is refused of the answer to a callback", () => {
    expect(() => plain["callback"]!("a", { output: z.json(), timeout: "0 seconds" }, pass)).toThrow(
      'its timeout of "0 seconds" leaves no time for an answer: use at least "1 millisecond"',
    );
  });
});

describe("a function that decides and returns a promise", () => {
  const options = { output: z.json(), timeout: "1 day" };
  const promise = (value: Json) => Promise.resolve(value) as never;

  it.each([
    ["its duration", plain["sleep"]!("a", () => promise("1 day"))],
    ["its timeout", plain["waitFor"]!("a", { ...options, timeout: () => promise("1 day") })],
    ["its key", plain["waitFor"]!("a", { ...options, key: () => promise("k") })],
    ["its timeout", plain["approval"]!("a", { choices: ["yes"], timeout: () => promise("1 day"), ask: pass })],
    ["its over", plain["map"]!("a", { over: () => promise([]) }, chain)],
    ["its when", plain["step"]!("a", { when: () => promise(true) }, pass)],
    ["it", plain["choose"]!("a", () => promise("b"), { b: chain })],
  ])("fails the run with a sentence: %s", (what, workflow) => {
    const message = `${what} returned a promise: decide at once, and put what must be awaited into a step before it`;
    expect(new Story(workflow as never).claim().round().fate).toMatchObject({ kind: "failed", error: { name: "TypeError", message } });
  });

  it("is told by what it does, whoever made it, and a rejection of it ends no process", () => {
    // oxlint-disable-next-line unicorn/no-thenable -- what libraries give that are lazy
    const lazy = { then: () => undefined };
    expect(() => now(lazy, "it")).toThrow("it returned a promise");
    expect(() => now(Promise.reject(new Error("nobody hears of this")), "it")).toThrow("it returned a promise");
    // oxlint-disable-next-line unicorn/no-thenable -- plain data, as an author may have it
    const json = { then: 5 };
    expect(now(json, "it")).toBe(json);
  });
});
