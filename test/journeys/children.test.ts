import { expect, test } from "vitest";
import * as z from "zod";
import { createClient } from "../../shared/client.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { defineWorkflow, NonRetryableError, workflowOf } from "../../shared/index.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";

const Order = z.object({ id: z.string(), fail: z.boolean().optional() });
const broken = new Set<string>();
const pay = defineWorkflow({ name: "pay", version: 1, input: Order, attributes: ({ input }) => ({ order: input.id }) })
  .step("charge", ({ input }) => {
    if (broken.has(input.id)) throw new NonRetryableError("The card was declined.");
    return `paid ${input.id}`;
  })
  .step("receipt", ({ charge }) => ({ charge }));
const order = defineWorkflow({ name: "order", version: 1, input: Order })
  .child("payment", pay, ({ input }) => ({ id: input.id }))
  .step("ship", ({ payment }) => payment.charge);
const all = [order, pay];

const find = ({ database }: TestDatabase, id: string) => createClient({ database, workflows: all }).get(id);
const childrenOf = (database: TestDatabase, id: string) =>
  database.query<{ id: string }>("select run_id as id from baton.child where parent_id = $1 order by path, run_id", [id]);

test("a run starts its child, waits for it without a lease, and goes on with its output", async () => {
  await using database = await createTestDatabase();
  const [id] = await enqueue(database.database, order, [{ id: "o-1" }], { priority: 1 });
  await poll(database.database, [order]);
  const [child] = await childrenOf(database, id!);
  expect(await find(database, id!)).toMatchObject({ status: "waiting" });
  expect(await find(database, child!.id)).toMatchObject({ attributes: { order: "o-1" } });
  expect(await database.query("select distinct priority from baton.run")).toEqual([{ priority: 1 }]);
  await database.assertInvariants();
  await poll(database.database, all);
  expect(await find(database, id!)).toMatchObject({ status: "done", output: "paid o-1" });
  expect(await database.query("select status from baton.ending where run_id = $1", [child!.id])).toEqual([{ status: "done" }]);
  await database.assertInvariants();
});

test("one poll does a whole family, whoever is claimed first", async () => {
  await using database = await createTestDatabase();
  const ids = await enqueue(
    database.database,
    order,
    Array.from({ length: 30 }, (_, n) => ({ id: `o-${n}` })),
  );
  await poll(database.database, all);
  for (const [n, id] of ids.entries()) expect(await find(database, id)).toMatchObject({ status: "done", output: `paid o-${n}` });
  expect(await database.query("select count(*)::integer as n from baton.child")).toEqual([{ n: 30 }]);
  await database.assertInvariants();
});

test("a child's failure fails its parent, with its id; a redrive of the parent lets it go on, and it alone", async () => {
  await using database = await createTestDatabase();
  broken.add("o-2");
  const [id] = await enqueue(database.database, order, [{ id: "o-2" }]);
  await poll(database.database, all);
  const [child] = await childrenOf(database, id!);
  expect(await find(database, id!)).toMatchObject({ status: "failed", error: { name: "ChildFailedError" } });
  expect((await find(database, id!))!.error!.message).toContain(child!.id);
  await database.assertInvariants();
  broken.delete("o-2");
  await runRepository(database.database).redrive(id!);
  await database.assertInvariants();
  await poll(database.database, all);
  expect(await find(database, id!)).toMatchObject({ status: "done", output: "paid o-2" });
  expect(await find(database, child!.id)).toMatchObject({ status: "done" });
  expect(await childrenOf(database, id!)).toEqual([child]);
  expect(await database.query("select details ->> 'parent' as parent from baton.audit where run_id = $1", [child!.id])).toEqual([
    { parent: id },
  ]);
  await database.assertInvariants();
});

test("a child that fails again after a redrive of its parent fails it again", async () => {
  await using database = await createTestDatabase();
  broken.add("o-3");
  const [id] = await enqueue(database.database, order, [{ id: "o-3" }]);
  await poll(database.database, all);
  for (let n = 0; n < 2; n++) {
    await runRepository(database.database).redrive(id!);
    await poll(database.database, all);
    expect(await find(database, id!)).toMatchObject({ status: "failed", error: { name: "ChildFailedError" } });
    await database.assertInvariants();
  }
});

test("a child that somebody redrives alone just ends, and a later redrive of its parent takes its output", async () => {
  await using database = await createTestDatabase();
  broken.add("o-4");
  const [id] = await enqueue(database.database, order, [{ id: "o-4" }]);
  await poll(database.database, all);
  const [child] = await childrenOf(database, id!);
  broken.delete("o-4");
  await runRepository(database.database).redrive(child!.id);
  await database.assertInvariants();
  await poll(database.database, all);
  expect(await find(database, child!.id)).toMatchObject({ status: "done" });
  expect(await find(database, id!)).toMatchObject({ status: "failed" });
  await runRepository(database.database).redrive(id!);
  await poll(database.database, all);
  expect(await find(database, id!)).toMatchObject({ status: "done", output: "paid o-4" });
  await database.assertInvariants();
});

test("a cancel goes down to children and theirs, wherever they are, and not to those that are detached", async () => {
  await using database = await createTestDatabase();
  const leaf = defineWorkflow({ name: "leaf", version: 1, input: z.object({}) }).sleep("long", "1 day");
  const middle = defineWorkflow({ name: "middle", version: 1, input: z.object({}) })
    .child("free", { detach: true }, leaf, () => ({}))
    .child("below", leaf, () => ({}));
  const top = defineWorkflow({ name: "top", version: 1, input: z.object({}) }).child("middle", middle, () => ({}));
  const [id] = await enqueue(database.database, top, [{}]);
  await poll(database.database, [top, middle, leaf]);
  await database.assertInvariants();
  await runRepository(database.database).cancel(id!);
  const states = "select r.workflow, e.status from baton.run r left join baton.ending e on e.run_id = r.id order by r.workflow, e.status";
  expect(await database.query(states)).toEqual([
    { workflow: "leaf", status: "cancelled" },
    { workflow: "leaf", status: null },
    { workflow: "middle", status: "cancelled" },
    { workflow: "top", status: "cancelled" },
  ]);
  await database.assertInvariants();
});

test("a child in a lease is stopped by its next round when its parent ends", async () => {
  await using database = await createTestDatabase();
  const runs = runRepository(database.database);
  let parent = "";
  const slow = defineWorkflow({ name: "slow", version: 1, input: z.object({}) }).step("work", async (_state, { signal }) => {
    await runs.cancel(parent);
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    return 1;
  });
  const top = defineWorkflow({ name: "top", version: 1, input: z.object({}) }).child("slow", slow, () => ({}));
  [parent] = (await enqueue(database.database, top, [{}])) as [string];
  await poll(database.database, [top]);
  await poll(database.database, [slow], { settings: { ttlMs: 1_500 } });
  expect(await find(database, parent)).toMatchObject({ status: "cancelled" });
  const [child] = await childrenOf(database, parent);
  expect(await find(database, child!.id)).toMatchObject({ status: "cancelled" });
  await database.assertInvariants();
});

test("branches of which one fails stop the children of the others, and a redrive lets them go on", async () => {
  await using database = await createTestDatabase();
  const sleepy = defineWorkflow({ name: "sleepy", version: 1, input: Order })
    .sleep("nap", "1 hour")
    .step("wake", () => "slept");
  const both = defineWorkflow({ name: "both", version: 1, input: Order }).all("both", {
    payment: (chain) => chain.child("payment", pay, ({ input }) => input),
    nap: (chain) => chain.child("nap", sleepy, ({ input }) => input),
  });
  broken.add("o-5");
  const [id] = await enqueue(database.database, both, [{ id: "o-5" }]);
  await poll(database.database, [both, pay, sleepy]);
  expect(await find(database, id!)).toMatchObject({ status: "failed", error: { name: "ChildFailedError" } });
  const endings = () =>
    database.query("select r.workflow, e.status from baton.run r left join baton.ending e on e.run_id = r.id order by r.workflow");
  expect(await endings()).toMatchObject([{ status: "failed" }, { status: "failed" }, { workflow: "sleepy", status: "cancelled" }]);
  broken.delete("o-5");
  await runRepository(database.database).redrive(id!);
  await poll(database.database, [both, pay, sleepy]);
  expect(await endings()).toEqual([
    { workflow: "both", status: null },
    { workflow: "pay", status: "done" },
    { workflow: "sleepy", status: null },
  ]);
  await database.assertInvariants();
  await database.advance("2 hours");
  await poll(database.database, [both, pay, sleepy]);
  expect(await find(database, id!)).toMatchObject({ status: "done", output: { payment: { charge: "paid o-5" }, nap: "slept" } });
  await database.assertInvariants();
});

test("a family that awaits one another is 8 runs deep at most, and a detached one as deep as it likes", async () => {
  await using database = await createTestDatabase();
  const leafOfDown = defineWorkflow({ name: "down", version: 1, input: z.object({ n: z.int() }) });
  const down = leafOfDown.child("next", workflowOf<typeof leafOfDown>({ name: "down", version: 1 }), ({ input }) => ({ n: input.n + 1 }));
  const [id] = await enqueue(database.database, down, [{ n: 0 }]);
  await poll(database.database, [down]);
  expect(await find(database, id!)).toMatchObject({ status: "failed", error: { name: "ChildFailedError" } });
  expect(await database.query("select max((input ->> 'n')::integer) as n, count(*)::integer as runs from baton.run")).toEqual([
    { n: 9, runs: 10 },
  ]);
  expect(await database.query("select error ->> 'name' as name from baton.ending order by run_id desc limit 1")).toEqual([
    { name: "FamilyTooDeepError" },
  ]);
  await database.assertInvariants();
  const chain = defineWorkflow({ name: "chain", version: 1, input: z.object({ n: z.int() }) }).choose(
    "more",
    ({ input }) => (input.n < 20 ? "yes" : "no"),
    {
      yes: (arm) =>
        arm.child("next", { detach: true }, workflowOf({ name: "chain", version: 1 }), ({ input }) => ({
          n: input.n + 1,
        })),
      no: (arm) => arm,
    },
  );
  await enqueue(database.database, chain, [{ n: 0 }]);
  await poll(database.database, [chain]);
  expect(
    await database.query(
      "select count(*)::integer as n from baton.ending e join baton.run r on r.id = e.run_id where workflow = 'chain' and status = 'done'",
    ),
  ).toEqual([{ n: 21 }]);
  await database.assertInvariants();
});

test("a child whose workflow nobody here knows waits as blocked, and its parent with it", async () => {
  await using database = await createTestDatabase();
  const [id] = await enqueue(database.database, order, [{ id: "o-6" }]);
  await poll(database.database, [order]);
  await poll(database.database, [order]);
  expect(await find(database, id!)).toMatchObject({ status: "waiting" });
  const [child] = await childrenOf(database, id!);
  expect(await find(database, child!.id)).toMatchObject({ status: "blocked" });
  await poll(database.database, all);
  expect(await find(database, id!)).toMatchObject({ status: "done" });
  await database.assertInvariants();
});

test("a child that somebody deletes fails its parent, whose redrive starts another", async () => {
  await using database = await createTestDatabase();
  broken.add("o-7");
  const [id] = await enqueue(database.database, order, [{ id: "o-7" }]);
  await poll(database.database, all);
  const [child] = await childrenOf(database, id!);
  await runRepository(database.database).deleteRun(child!.id);
  broken.delete("o-7");
  await runRepository(database.database).redrive(id!);
  await poll(database.database, all);
  expect(await find(database, id!)).toMatchObject({ status: "done", output: "paid o-7" });
  expect(await childrenOf(database, id!)).toHaveLength(2);
  await database.assertInvariants();
});

test("a parent that waits for a signal too is woken by whatever comes first", async () => {
  await using database = await createTestDatabase();
  const client = createClient({ database: database.database, workflows: all });
  const waits = defineWorkflow({ name: "waits", version: 1, input: Order }).all("both", {
    payment: (chain) => chain.child("payment", pay, ({ input }) => input),
    word: (chain) => chain.waitFor("word", { output: z.string(), timeout: "30 days" }),
  });
  const ids = await enqueue(database.database, waits, [{ id: "a" }, { id: "b" }]);
  await poll(database.database, [waits]);
  await client.signal(ids[0]!, "word", "go");
  await poll(database.database, [waits]);
  await database.assertInvariants();
  await poll(database.database, [waits, pay]);
  await client.signal(ids[1]!, "word", "now");
  await poll(database.database, [waits, pay]);
  expect(await find(database, ids[0]!)).toMatchObject({ status: "done", output: { payment: { charge: "paid a" }, word: "go" } });
  expect(await find(database, ids[1]!)).toMatchObject({ status: "done", output: { payment: { charge: "paid b" }, word: "now" } });
  await database.assertInvariants();
});

test("items each start a child, of which some may fail", async () => {
  await using database = await createTestDatabase();
  const each = defineWorkflow({ name: "each", version: 1, input: z.array(z.string()) }).map(
    "pay",
    { over: ({ input }) => input, concurrency: 3, tolerate: 1 },
    (chain) => chain.child("one", pay, ({ item }) => ({ id: item })),
  );
  broken.add("bad");
  const [id] = await enqueue(database.database, each, [["a", "bad", "c", "d", "e"]]);
  await poll(database.database, [each, pay]);
  expect(await find(database, id!)).toMatchObject({ status: "done" });
  const run = await find(database, id!);
  expect((run!.output as { ok: boolean }[]).map(({ ok }) => ok)).toEqual([true, false, true, true, true]);
  await database.assertInvariants();
});
