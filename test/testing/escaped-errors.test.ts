import { expect, inject, onTestFinished, test } from "vitest";
import * as z from "zod";
import "../../infra/testing/vitest.ts";
import { testRuntime } from "../../infra/testing.ts";
import { defineWorkflow } from "../../shared/index.ts";

const url = inject("testServer").adminUrl;
const order = defineWorkflow({ name: "order", version: 1, input: z.object({}) });
const plain = order.step("call", () => 1);
const once = { retry: { maxAttempts: 1 } } as const;
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Hears in the place of vitest, which would fail the test. */
function listen(): unknown[] {
  const others = process.rawListeners("unhandledRejection") as (() => void)[];
  const heard: unknown[] = [];
  process.removeAllListeners("unhandledRejection").on("unhandledRejection", (thrown) => heard.push(thrown));
  onTestFinished(() => {
    process.removeAllListeners("unhandledRejection");
    for (const other of others) process.on("unhandledRejection", other);
  });
  return heard;
}

test("a rejection that a handler does not await, and a throw in its timer, fail the attempt as in production", async () => {
  const rejecting = order.step("call", once, async () => {
    void Promise.reject(new Error("nobody awaits this"));
    await turn();
    return 1;
  });
  const throwing = defineWorkflow({ name: "timer", version: 1, input: z.object({}) }).step("call", once, async () => {
    setImmediate(() => {
      throw new Error("nobody catches this");
    });
    await turn();
    await turn();
    return 1;
  });
  await using t = await testRuntime({ workflows: [rejecting, throwing], url });
  const [one, other] = [await t.enqueue(rejecting, {}), await t.enqueue(throwing, {})];
  await t.idle();
  expect(await t.run(one)).toHaveFailedWith("nobody awaits this");
  expect(await t.run(other)).toHaveFailedWith("nobody catches this");
});

test("one that comes after its attempt was over is reported with its run, node and attempt", async () => {
  const heard = listen();
  const { promise, resolve } = Promise.withResolvers<void>();
  const late = order.step("call", () => {
    void promise.then(() => {
      throw new Error("too late");
    });
    return 1;
  });
  await using t = await testRuntime({ workflows: [late], url });
  const id = await t.enqueue(late, {});
  await t.idle();
  resolve();
  await turn();
  expect(await t.run(id)).toBeDone({ output: 1 });
  expect(heard).toEqual([
    expect.objectContaining({
      name: "EscapedError",
      message: `An error escaped attempt 1 of "call" of the run ${id}, which was over: await what the handler begins. Error: too late`,
      cause: new Error("too late"),
    }),
  ]);
});

test("what no handler has to do with is heard by who listened before, and all is as before in the end", async () => {
  const heard = listen();
  const before = process.rawListeners("unhandledRejection");
  const error = new Error("of the test itself");
  {
    await using one = await testRuntime({ workflows: [plain], url });
    await using other = await testRuntime({ workflows: [plain], url });
    void Promise.reject(error);
    await turn();
    await Promise.all([one.idle(), other.idle()]);
  }
  expect(heard).toEqual([error]);
  expect(process.rawListeners("unhandledRejection")).toEqual(before);
});

const encode = order
  .map("renditions", { over: () => [1, 2, 3] }, (chain) => chain.step("encode", ({ item }) => item).step("check", ({ encode: of }) => of))
  .script("sum", ({ renditions }, { step }) => step("add", () => renditions.length));

test("a node of every item is answered for by a pattern, before which a path of one item goes", async () => {
  await using t = await testRuntime({ workflows: [encode], url });
  t.stub("renditions/*/encode", 7);
  t.stub("renditions/00001/encode", 8);
  t.fail("renditions/*/check", { times: 2 });
  const id = await t.enqueue(encode, {});
  await t.advance("1 minute");
  const attempts = await Promise.all([0, 1, 2].map((n) => t.attempts(id, `renditions/0000${n}/check`)));
  expect(attempts.map((each) => each.length)).toEqual([3, 3, 3]);
  expect(await t.client.get(id)).toMatchObject({ status: "done" });
  const checked = (await t.run(id)).steps[0]!.children!.map(({ children }) => children![1]!.output);
  expect(checked).toEqual([7, 8, 7]);
  for (const pattern of ["*", "*/encode", "sum/*", "renditions/*/decode", "renditions/0*/encode", "renditions/*/*", "renditions/**/encode"])
    expect(() => t.stub(pattern, 1)).toThrow(`No workflow of this test has a node "${pattern}"`);
  expect(() => t.fail("sum/add/*")).toThrow('The node "sum/add/*" is a step of a script');
  await expect(t.attempts(id, "renditions/*/encode")).rejects.toThrow('has a node "renditions/*/encode"');
});
