import { expect, test } from "vitest";
import * as z from "zod";
import { runRepository } from "../../shared/db/run-repository.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { controlRuns } from "../../shared/lambda.ts";
import { type ChildFilter, type ChildPage, createOperator, type RunView } from "../../shared/operator.ts";
import { checkAfterEach } from "../support/engine-calls.ts";
import { call, deployFunctions, type AnswerBody } from "../support/http-functions.ts";
import { enqueue, poll } from "../support/poller.ts";

const database = await deployFunctions("operator");
checkAfterEach(database);

const Order = z.object({ id: z.string() });
const pay = defineWorkflow({ name: "pay", version: 3, input: Order }).step("charge", ({ input }) => `paid ${input.id}`);
const order = defineWorkflow({ name: "order", version: 1, input: Order })
  .child("survey", { detach: true }, pay, ({ input }) => input)
  .child("payment", pay, ({ input }) => input)
  .step("ship", ({ payment }) => payment);
const batch = defineWorkflow({ name: "batch", version: 1, input: z.array(z.string()) }).map(
  "pay",
  { over: ({ input }) => input, concurrency: 200 },
  (chain) => chain.child("one", pay, ({ item }) => ({ id: item })),
);
const both = defineWorkflow({ name: "both", version: 1, input: Order }).all("both", {
  money: (chain) => chain.child("payment", pay, ({ input }) => input),
  word: (chain) => chain.waitFor("word", { output: z.string(), timeout: "30 days" }),
});
const parents = [order, batch, both];
const all = [...parents, pay];

const handler = controlRuns({ workflows: all });
const operator = createOperator({ database: database.connect("reader") });
const get = async (id: string) => (await call<RunView>(handler, { path: `/runs/${id}`, parameters: { id } })).body;
const list = <Body = ChildPage>(id: string, query = "") => call<Body>(handler, { path: `/runs/${id}/children`, query, parameters: { id } });

/** The same as a call of the operator's door. */
const filterOf = (query: string): ChildFilter =>
  Object.fromEntries([...new URLSearchParams(query)].map(([key, value]) => [key, key === "limit" ? Number(value) : value]));

/** A run of a workflow that has come to its children, which nobody works on. */
async function parked(workflow: (typeof parents)[number], input: unknown): Promise<string> {
  const [id] = await enqueue(database.database, workflow, [input as { id: string }]);
  await poll(database.database, parents);
  return id!;
}

test("a run's children are listed by the nodes that started them, as they stand", async () => {
  const id = await parked(order, { id: "o-1" });
  const blocked = { workflow: "pay", version: 3, status: "blocked", createdAt: expect.any(String), finishedAt: null };
  const { status, body } = await list(id);
  expect([status, body]).toEqual([
    200,
    {
      children: [
        { id: expect.any(String), path: "payment", detached: false, ...blocked },
        { id: expect.any(String), path: "survey", detached: true, ...blocked },
      ],
      cursor: null,
      more: false,
    },
  ]);
  await poll(database.database, all);
  expect((await list(id)).body.children.map(({ status: now, finishedAt }) => [now, finishedAt])).toEqual([
    ["done", expect.any(String)],
    ["done", expect.any(String)],
  ]);
  expect((await list(id, "path=survey")).body.children.map(({ path }) => path)).toEqual(["survey"]);
  expect((await list(id, "path=ship")).body).toEqual({ children: [], cursor: null, more: false });
});

test("pages show each child once, over HTTP and through the operator's door", async () => {
  const id = await parked(batch, ["a", "b", "c", "d", "e"]);
  const paths: string[] = [];
  for (let query = "limit=2", more = true; more;) {
    const { body } = await list(id, query);
    expect(await operator.children(id, filterOf(query))).toEqual(body);
    paths.push(...body.children.map(({ path }) => path));
    more = body.more;
    query = `limit=2&cursor=${body.cursor}`;
  }
  expect(paths).toEqual(["0", "1", "2", "3", "4"].map((n) => `pay/0000${n}/one`));
  expect((await operator.children(id, { path: "pay/00003/one" }))!.children).toHaveLength(1);
});

test("of a child that was deleted its place and its id are known", async () => {
  const id = await parked(order, { id: "o-2" });
  await poll(database.database, all);
  const [payment] = (await list(id)).body.children;
  await runRepository(database.database).deleteRun(payment!.id);
  const [left] = (await list(id, "limit=1")).body.children;
  const gone = { workflow: null, version: null, status: null, createdAt: null, finishedAt: null };
  expect(left).toEqual({ id: payment!.id, path: "payment", detached: false, ...gone });
});

test("a run that has started none has an empty list, and a run that is none is unknown", async () => {
  const id = await parked(order, { id: "o-3" });
  const [child] = (await list(id)).body.children;
  expect((await list(child!.id)).body).toEqual({ children: [], cursor: null, more: false });
  for (const other of ["nonsense", crypto.randomUUID()]) {
    expect(await list<AnswerBody>(other)).toMatchObject({ status: 404, body: { type: "urn:baton:problem:unknown-run" } });
    expect(await operator.children(other)).toBeNull();
  }
});

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
test.each([
  ["limit=0", "limit", "give a whole number from 1 to 100"],
  ["limit=101", "limit", "give a whole number from 1 to 100"],
  ["path=Nobody", "path", 'give the path of a node, as in "renditions" or "renditions/00017/encode"'],
  ["cursor=payment", "cursor", "give the cursor of the page before"],
  [`cursor=${encoded(["payment", "o-1"])}`, "cursor", "give the cursor of the page before"],
  [`cursor=${encoded(["Pay\0", crypto.randomUUID()])}`, "cursor", "give the cursor of the page before"],
  ["node=payment", "node", "this key is not known here"],
])("children are not listed by ?%s", async (query, parameter, message) => {
  const id = await parked(order, { id: "o-4" });
  const { status, body } = await list<AnswerBody>(id, query);
  expect(status).toBe(400);
  expect(body).toMatchObject({ type: "urn:baton:problem:invalid-query", errors: [{ parameter, message }] });
  const filter = filterOf(query);
  await expect(operator.children(id, filter)).rejects.toThrow(new RegExp(`"${parameter}"`));
});

test("a run says for which children it waits, and a child who its parent is", async () => {
  const id = await parked(order, { id: "o-5" });
  const run = await get(id);
  expect(run).toMatchObject({ status: "waiting", parent: null });
  expect(run.waiting).toEqual({
    for: "children",
    until: null,
    reason: '"payment" waits for its child',
    path: "payment",
    open: 1,
    failed: 0,
  });
  expect(run.steps.map(({ name, status }) => [name, status])).toEqual([
    ["survey", "done"],
    ["payment", "waiting"],
    ["ship", "pending"],
  ]);
  const [payment, survey] = (await list(id)).body.children;
  expect((await get(payment!.id)).parent).toEqual({ runId: id, node: "payment", detached: false });
  expect((await get(survey!.id)).parent).toEqual({ runId: id, node: "survey", detached: true });
  await poll(database.database, all);
  expect(await get(id)).toMatchObject({ status: "done", waiting: null, output: "paid o-5" });
});

test("a run that waits for a signal too says that first, and its child beside it", async () => {
  const run = await get(await parked(both, { id: "o-6" }));
  expect(run.waiting).toMatchObject({
    for: "signal",
    path: "both/word/word",
    others: [{ for: "children", until: null, path: "both/money/payment", open: 1 }],
  });
  expect(run.steps[0]!.children!.map(({ path, status }) => [path, status])).toEqual([
    ["both/money", "waiting"],
    ["both/word", "waiting"],
  ]);
});

test("items that wait for a child wait, those that are only counted too", async () => {
  const id = await parked(
    batch,
    Array.from({ length: 103 }, (_, n) => `i-${n}`),
  );
  const { steps, waiting } = await get(id);
  expect(steps[0]!.children!.map(({ status }) => status)).toEqual(Array.from({ length: 100 }, () => "waiting"));
  expect(steps[0]!.more!.counts).toEqual({ waiting: 3 });
  expect(waiting).toMatchObject({ for: "children", until: null, others: expect.any(Array) });
  expect(waiting!.others).toContainEqual({ for: "children", until: null, reason: '3 steps below "pay" wait for children, too' });
});
