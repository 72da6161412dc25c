import { beforeAll, expect, inject, test } from "vitest";
import * as z from "zod";
import "../../infra/testing/vitest.ts";
import { matchers, NoHandlerError, testRuntime } from "../../infra/testing.ts";
import type { RunView } from "../../shared/client.ts";
import { defineWorkflow } from "../../shared/index.ts";

const Nothing = z.object({});
const Kind = z.object({ kind: z.enum(["done", "fails", "sleeps", "retries", "late"]) });
const each = defineWorkflow({ name: "each", version: 1, input: Kind })
  .step("first", { retry: { maxAttempts: 2 } }, ({ input }) => {
    if (input.kind === "fails" || input.kind === "retries")
      throw Object.assign(new TypeError("the address is wrong"), { code: "EADDRESS" });
    return 1;
  })
  .sleep("pause", ({ input }) => (input.kind === "sleeps" ? "1 day" : "0 seconds"))
  .step("last", () => ({ at: "the end", of: [1] }));

const runs: Record<string, RunView> = {};
const sentence = (assert: () => void): string => {
  try {
    assert();
  } catch (thrown) {
    return (thrown as Error).message.replace(/^The run \S+ /, "");
  }
  return "passes";
};

beforeAll(async () => {
  await using t = await testRuntime({ workflows: [each], url: inject("testServer").adminUrl, now: new Date("2027-03-10T12:00:00Z") });
  const of = async (kind: z.infer<typeof Kind>["kind"]) => (runs[kind] = await t.run(await t.enqueue(each, { kind })));
  for (const kind of ["done", "fails", "sleeps"] as const) {
    const run = await t.enqueue(each, { kind });
    await t.advance("1 minute");
    runs[kind] = await t.run(run);
  }
  await of("late");
  const run = await t.enqueue(each, { kind: "retries" });
  await t.idle();
  runs["retries"] = await t.run(run);
});

test("a run that is done is so with its output, or with what an asymmetric matcher takes", () => {
  expect(runs["done"]).toBeDone();
  expect(runs["done"]).toBeDone({ output: { of: [1], at: "the end" } });
  expect(runs["done"]).toBeDone({ output: expect.objectContaining({ of: [1] }) as unknown });
  expect(runs["done"]).not.toBeDone({ output: null });
  expect(runs["done"]).not.toHaveFailedWith("");
  expect(runs["done"]).not.toBeWaitingFor("last");
});

test("a failed run is so with its error's name, part of its message, a pattern, or some facts", () => {
  for (const expected of ["TypeError", "address is", /^the/, { code: "EADDRESS" }, { name: "TypeError", message: "the address is wrong" }])
    expect(runs["fails"]).toHaveFailedWith(expected);
  for (const expected of ["RangeError", /wrongly/, { code: "E" }, { name: "TypeError", message: "the address" }])
    expect(runs["fails"]).not.toHaveFailedWith(expected);
});

test("a run waits for a sleep and for a retry, whether its poller has it in a lease or not", () => {
  expect(runs["sleeps"]).toBeWaitingFor("pause");
  expect(runs["sleeps"]).not.toBeWaitingFor("last");
  expect(runs["retries"]).toMatchObject({ status: "running" });
  expect(runs["retries"]).toBeWaitingFor("first");
  expect(runs["late"]).not.toBeWaitingFor("first");
});

test("what is not as expected says how the run stands", () => {
  const output = '{"at":"the end","of":[1]}';
  expect(sentence(() => expect(runs["done"]).toBeDone({ output: 7 }))).toBe(`is expected to be done with 7; it is done with ${output}.`);
  expect(sentence(() => expect(runs["done"]).not.toBeDone())).toBe(`is expected not to be done; it is done with ${output}.`);
  expect(sentence(() => expect(runs["fails"]).toBeDone())).toBe(
    'is expected to be done; it has failed at "first" with TypeError: the address is wrong.',
  );
  expect(sentence(() => expect(runs["sleeps"]).toHaveFailedWith(/x/))).toBe(
    'is expected to have failed with /x/; it is waiting: "pause" sleeps, until 2027-03-11T12:02:00.000Z.',
  );
  expect(sentence(() => expect(runs["late"]).toBeWaitingFor("pause"))).toBe(
    'is expected to be waiting for "pause"; it is ready at "first".',
  );
});

test("the matchers are plain functions, for any framework that has expect.extend", () => {
  const asked = { equals: (one: unknown, other: unknown) => one === other };
  expect(matchers.toBeDone.call(asked, runs["done"]!).pass).toBe(true);
});

test("a run waits at the node of a child, until that has ended", async () => {
  const child = defineWorkflow({ name: "child", version: 1, input: Nothing })
    .sleep("pause", "2 days")
    .step("charge", () => 1);
  const parent = defineWorkflow({ name: "parent", version: 1, input: Nothing })
    .child("payment", child, () => ({}))
    .map("each", { over: () => [1, 2] }, (chain) => chain.child("one", child, () => ({})));
  await using t = await testRuntime({ workflows: [parent, child], url: inject("testServer").adminUrl });
  expect(() => t.stub("payment", 1)).toThrow('The node "payment" is a child and has no handler of its own: name a node of its workflow.');
  expect(() => t.fail("payment")).toThrow(NoHandlerError);
  for (const path of ["each/*/one", "each/00001/one"])
    expect(() => t.stub(path, 1)).toThrow(`The node "${path}" is a child and has no handler of its own: name a node of its workflow.`);
  t.stub("charge", 7);
  const run = await t.enqueue(parent, {});
  await t.idle();
  expect(await t.run(run)).toBeWaitingFor("payment");
  await t.advance("2 days");
  const later = await t.run(run);
  expect(later).not.toBeWaitingFor("payment");
  expect(later).toBeWaitingFor("each/00001/one");
  expect(sentence(() => expect(later).toBeDone())).toContain('is waiting: "each/00000/one" waits for its child.');
  await t.advance("2 days");
  expect(await t.run(run)).toBeDone({ output: [7, 7] });
});
