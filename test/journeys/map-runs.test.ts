import { expect, test } from "vitest";
import * as z from "zod";
import { createClient } from "../../shared/client.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { defineWorkflow, NonRetryableError } from "../../shared/index.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";

const broken = new Set<number>();
const Part = z.object({ n: z.number() });
const double = defineWorkflow({ name: "double", version: 1, input: Part, attributes: ({ input }) => ({ n: input.n }) }).step(
  "work",
  ({ input }) => {
    if (broken.has(input.n)) throw new NonRetryableError(`No ${input.n}.`);
    return 2 * input.n;
  },
);
const Batch = z.object({ size: z.number() });
const partsOf = ({ input }: { readonly input: z.infer<typeof Batch> }) => Array.from({ length: input.size }, (_, n) => ({ n }));
const list = defineWorkflow({ name: "list", version: 1, input: Batch })
  .map("parts", { over: partsOf, as: "runs" }, double)
  .step("count", ({ parts }) => parts.length);
const sum = defineWorkflow({ name: "sum", version: 1, input: Batch }).map(
  "parts",
  { over: partsOf, as: "runs", concurrency: 7, tolerate: "10 %" },
  double,
  { collect: (all, result) => all + (result.ok ? result.value : 1000), from: 0 },
);
const total = defineWorkflow({ name: "total", version: 1, input: Batch }).map("parts", { over: partsOf, as: "runs" }, double, {
  collect: (all, value) => all + value,
  from: 0,
});
const all = [list, sum, total, double];

const find = ({ database }: TestDatabase, id: string) => createClient({ database, workflows: all }).get(id);
const count = async (database: TestDatabase, statement: string, ...values: string[]) =>
  (await database.query<{ n: number }>(statement, values))[0]!.n;

test("each item is a run, and the list of their outputs is in the order of items", async () => {
  await using database = await createTestDatabase();
  const [id] = await enqueue(database.database, list, [{ size: 30 }], { priority: 2 });
  await poll(database.database, [list]);
  expect(await find(database, id!)).toMatchObject({ status: "waiting" });
  expect(await count(database, "select count(*)::integer as n from baton.child where parent_id = $1", id!)).toBe(30);
  expect(await database.query("select distinct priority from baton.run")).toEqual([{ priority: 2 }]);
  await database.assertInvariants();
  await poll(database.database, all);
  expect(await find(database, id!)).toMatchObject({ status: "done", output: 30 });
  expect(await database.query("select output -> 'results' -> 29 as last from baton.checkpoint where node = 'parts/~fold/00000'")).toEqual([
    { last: 58 },
  ]);
  await database.assertInvariants();
});

test("an empty list is done at once", async () => {
  await using database = await createTestDatabase();
  const [one, other] = [
    ...(await enqueue(database.database, list, [{ size: 0 }])),
    ...(await enqueue(database.database, sum, [{ size: 0 }])),
  ];
  await poll(database.database, all);
  expect(await find(database, one!)).toMatchObject({ status: "done", output: 0 });
  expect(await find(database, other!)).toMatchObject({ status: "done", output: 0 });
});

test("more than a part are started one part a round, and collected page by page", async () => {
  await using database = await createTestDatabase();
  const [id] = await enqueue(database.database, total, [{ size: 2345 }]);
  await poll(database.database, all);
  expect(await find(database, id!)).toMatchObject({ status: "done", output: 2345 * 2344 });
  expect(
    await count(database, "select count(*)::integer as n from baton.checkpoint where run_id = $1 and node like '%/~start/%'", id!),
  ).toBe(3);
  expect(
    await count(database, "select count(*)::integer as n from baton.checkpoint where run_id = $1 and node like '%/~fold/%'", id!),
  ).toBe(3);
  await database.assertInvariants();
});

test("no more items go on than may at once, and those that end have others go on without the parent", async () => {
  await using database = await createTestDatabase();
  const [id] = await enqueue(database.database, sum, [{ size: 30 }]);
  await poll(database.database, [sum]);
  expect(await database.query("select open, behind from baton.awaited")).toEqual([{ open: 30, behind: 23 }]);
  await database.assertInvariants();
  await poll(database.database, [double]);
  await database.assertInvariants();
  expect(await database.query("select open, behind from baton.awaited")).toEqual([{ open: 0, behind: 0 }]);
  await poll(database.database, all);
  expect(await find(database, id!)).toMatchObject({ status: "done", output: 30 * 29 });
});

test("a run says for which items it waits, also within a branch, and an item that others are before it", async () => {
  await using database = await createTestDatabase();
  const branched = defineWorkflow({ name: "branched", version: 1, input: Batch }).all("both", {
    many: (chain) => chain.map("parts", { over: partsOf, as: "runs", concurrency: 1 }, double),
    one: (chain) => chain.step("quick", () => 1),
  });
  const client = createClient({ database: database.database, workflows: [branched, double] });
  const [id] = await enqueue(database.database, branched, [{ size: 3 }]);
  await poll(database.database, [branched]);
  const run = await client.get(id!);
  expect(run!.waiting).toMatchObject({ for: "children", until: null, path: "both/many/parts", open: 3, failed: 0 });
  expect(run!.steps[0]!.children).toMatchObject([
    { path: "both/many", status: "waiting", children: [{ path: "both/many/parts", status: "waiting", output: null }] },
    { path: "both/one", status: "done" },
  ]);
  const [last] = await database.query<{ id: string }>("select run_id as id from baton.child where item = 2");
  expect(await client.get(last!.id)).toMatchObject({
    parent: { runId: id, node: "both/many/parts/00002", detached: false },
    waiting: { for: "concurrency", until: null, path: "both/many/parts/00002" },
  });
  await poll(database.database, [branched, double]);
  expect(await client.get(id!)).toMatchObject({ status: "done", output: { many: [0, 2, 4], one: 1 } });
  expect((await client.get(id!))!.steps[0]!.children).toMatchObject([
    { status: "done", children: [{ status: "done" }] },
    { status: "done" },
  ]);
  await database.assertInvariants();
});

test("tolerated items are told as such, and one more fails the run, which stops the others", async () => {
  await using database = await createTestDatabase();
  for (const n of [3, 4]) broken.add(n);
  const [id] = await enqueue(database.database, sum, [{ size: 20 }]);
  await poll(database.database, all);
  expect(await find(database, id!)).toMatchObject({ status: "done", output: 20 * 19 - 14 + 2000 });
  broken.add(5);
  const [other] = await enqueue(database.database, sum, [{ size: 20 }]);
  await poll(database.database, all);
  const run = await find(database, other!);
  expect(run).toMatchObject({ status: "failed", error: { name: "ItemsFailedError" } });
  expect(run!.error!.message).toMatch(/"parts\/00003".*No 3\..*3 of 20 items failed, more than the 2 that are tolerated/);
  await poll(database.database, all);
  expect(await count(database, "select count(*)::integer as n from baton.ready")).toBe(0);
  await database.assertInvariants();
  broken.clear();
});

test("a redrive has the items go on that failed or were stopped, and these alone", async () => {
  await using database = await createTestDatabase();
  for (const n of [1, 2, 3]) broken.add(n);
  const [id] = await enqueue(database.database, sum, [{ size: 29 }]);
  await poll(database.database, all);
  expect(await find(database, id!)).toMatchObject({ status: "failed" });
  await database.assertInvariants();
  broken.clear();
  await runRepository(database.database).redrive(id!);
  await poll(database.database, all);
  expect(await find(database, id!)).toMatchObject({ status: "done", output: 29 * 28 });
  expect(await count(database, "select count(*)::integer as n from baton.child where parent_id = $1", id!)).toBe(29);
  expect(await count(database, "select max(attempt)::integer as n from baton.checkpoint where node = 'work'")).toBe(2);
  await database.assertInvariants();
});

test("items that fail again after a redrive fail the run again", async () => {
  await using database = await createTestDatabase();
  broken.add(4);
  const [id] = await enqueue(database.database, list, [{ size: 9 }]);
  await poll(database.database, all);
  await runRepository(database.database).redrive(id!);
  await poll(database.database, all);
  expect(await find(database, id!)).toMatchObject({ status: "failed", error: { name: "ItemsFailedError" } });
  broken.clear();
  await runRepository(database.database).redrive(id!);
  await poll(database.database, all);
  expect(await find(database, id!)).toMatchObject({ status: "done", output: 9 });
  await database.assertInvariants();
});

test("a cancel of the run stops its items, those in wait too", async () => {
  await using database = await createTestDatabase();
  const [id] = await enqueue(database.database, sum, [{ size: 2500 }]);
  await poll(database.database, [sum]);
  await runRepository(database.database).cancel(id!);
  await poll(database.database, all);
  expect(await find(database, id!)).toMatchObject({ status: "cancelled" });
  await database.query("select baton.tick()");
  await database.query("select baton.tick()");
  expect(await count(database, "select count(*)::integer as n from baton.ending where status = 'cancelled'")).toBe(2501);
  expect(await count(database, "select count(*)::integer as n from baton.waiting_item")).toBe(0);
  await database.assertInvariants();
});
