import { expect, expectTypeOf, test } from "vitest";
import * as z from "zod";
import { createClient } from "../../shared/client.ts";
import type { Logger } from "../../shared/domain/node.ts";
import { defineWorkflow, NonRetryableError, type Json, type StepContext } from "../../shared/index.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { poll } from "../support/poller.ts";

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const order = defineWorkflow({
  name: "order",
  version: 1,
  input: z.object({ customerId: z.string() }),
  attributes: ({ input }) => ({ customerId: input.customerId, stage: "new" }),
});
const clientOf = (database: TestDatabase) => createClient({ database: database.database, logger: silent });
const ofBytes = (bytes: number) => ({ a: "x".repeat(bytes - '{"a": ""}'.length) });

test("what steps and sql nodes set is stored with their outputs, several calls of one attempt as one", async () => {
  await using database = await createTestDatabase();
  const workflow = order
    .step("charge", async (_state, context) => {
      context.setAttributes({ stage: "charging", bank: "b-1" });
      await Promise.resolve();
      context.setAttributes({ stage: "charged" });
    })
    .sql("record", (_state, { setAttributes }) => {
      setAttributes({ bank: null, recorded: true });
      return { statements: [{ text: "select 1" }] };
    });
  const client = clientOf(database);
  const { id } = await client.enqueue(workflow, { customerId: "c-1" }, { attributes: { customerId: "c-2", tags: ["eu"] } });
  await poll(database.connect("poller"), [workflow]);
  const run = await client.get<typeof workflow>(id);
  expect(run).toMatchObject({ status: "done", attributes: { customerId: "c-2", stage: "charged", tags: ["eu"], recorded: true } });
  expectTypeOf(run!.attributes).toEqualTypeOf<Partial<{ customerId: string; stage: string }>>();
  expect(await database.query("select attributes ? 'bank' as found from baton.attribute")).toEqual([{ found: false }]);
  await database.assertInvariants();
});

test("what a failed attempt has set is stored with its failure: of one that throws, times out or is refused by the database", async () => {
  await using database = await createTestDatabase();
  const once = { retry: { maxAttempts: 1 } };
  const failing = (name: string) => defineWorkflow({ name, version: 1, input: z.null() });
  const workflows = [
    failing("throws").step("a", once, (_state, { setAttributes }) => {
      setAttributes({ tried: "bank" });
      throw new Error("down");
    }),
    failing("slow").step("a", { ...once, timeout: "1 millisecond" }, async (_state, { setAttributes, signal }) => {
      setAttributes({ tried: "bank" });
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    }),
    failing("refused").sql("a", once, (_state, { setAttributes }) => {
      setAttributes({ tried: "bank" });
      return { statements: [{ text: "select 1 / 0" }] };
    }),
  ] as const;
  const client = clientOf(database);
  const ids = [];
  for (const workflow of workflows) ids.push((await client.enqueue(workflow, null)).id);
  await poll(database.connect("poller"), workflows);
  for (const id of ids) expect(await client.get(id)).toMatchObject({ status: "failed", attributes: { tried: "bank" } });
  await database.assertInvariants();
});

test("a retry in the lease goes on from what the attempt before it has set", async () => {
  await using database = await createTestDatabase();
  const workflow = order.step("a", { retry: { backoff: "1 millisecond" } }, (_state, { attempt, setAttributes }) => {
    setAttributes({ [`attempt${attempt}`]: true });
    if (attempt === 1) throw new Error("once");
  });
  const client = clientOf(database);
  const { id } = await client.enqueue(workflow, { customerId: "c-1" });
  await poll(database.connect("poller"), [workflow]);
  expect(await client.get(id)).toMatchObject({ status: "done", attributes: { attempt1: true, attempt2: true } });
});

test("attributes that would be over 2 KiB with what is there are left out: the output is stored, and the log names run and node", async () => {
  await using database = await createTestDatabase();
  const warned: unknown[] = [];
  const logger = { ...silent, warn: (message: string, fields?: object) => void warned.push({ message, ...fields }) };
  const workflow = order.step("grow", (_state, { setAttributes }) => setAttributes({ more: "x".repeat(100) })).step("go-on", () => null);
  const client = clientOf(database);
  const { id } = await client.enqueue(
    workflow,
    { customerId: "c-1" },
    { attributes: { ...ofBytes(1_950), customerId: null, stage: null } },
  );
  await poll(database.connect("poller"), [workflow], { logger });
  expect(await client.get(id)).toMatchObject({ status: "done", attributes: ofBytes(1_950) });
  expect(warned).toEqual([
    {
      message: "a step's attributes are left out: with them the run's would be more than 2048 bytes",
      runId: id,
      node: "grow",
      attempt: 1,
      bytes: 1_950 + ', "more": ""'.length + 100,
    },
  ]);
});

test.each([
  ["a Date", { at: new Date() }, "NotJsonError"],
  ["a list", [], "NotJsonError"],
  ["more than 2 KiB", ofBytes(2_049), "AttributesTooLargeError"],
])("a handler that sets %s hears it at once, and its run fails at once if it does not catch it", async (_what, patch, name) => {
  await using database = await createTestDatabase();
  const heard: unknown[] = [];
  const set = (context: StepContext) => context.setAttributes(patch as never);
  const catches = defineWorkflow({ name: "catches", version: 1, input: z.null() }).step("a", (_state, context) => {
    try {
      set(context);
    } catch (thrown) {
      heard.push((thrown as Error).name);
    }
  });
  const throws = defineWorkflow({ name: "throws", version: 1, input: z.null() }).step("a", (_state, context) => set(context));
  const client = clientOf(database);
  const [caught, thrown] = [await client.enqueue(catches, null), await client.enqueue(throws, null)];
  await poll(database.connect("poller"), [catches, throws]);
  expect(heard).toEqual([name]);
  expect(await client.get(caught.id)).toMatchObject({ status: "done", attributes: {} });
  const failed = await client.get(thrown.id);
  expect(failed).toMatchObject({ status: "failed", error: { name }, attributes: {} });
  expect(failed!.steps[0]!.attempts).toHaveLength(1);
});

test("what is set after an attempt is over is dropped with a line in the log", async () => {
  await using database = await createTestDatabase();
  const warned: string[] = [];
  const logger = { ...silent, warn: (message: string) => void warned.push(message) };
  let later: StepContext | undefined;
  const workflow = defineWorkflow({ name: "late", version: 1, input: z.null() })
    .step("a", (_state, context): Json => {
      later = context;
      return null;
    })
    .step("b", () => {
      later!.setAttributes({ late: true });
      throw new NonRetryableError("looked");
    });
  const client = clientOf(database);
  const { id } = await client.enqueue(workflow, null);
  await poll(database.connect("poller"), [workflow], { logger });
  expect(await client.get(id)).toMatchObject({ status: "failed", attributes: {} });
  expect(warned).toEqual(["attributes were set after their attempt was over, and are dropped"]);
});
