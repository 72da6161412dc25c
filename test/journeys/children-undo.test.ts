import { expect, test } from "vitest";
import * as z from "zod";
import { createClient } from "../../shared/client.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { defineWorkflow, NonRetryableError } from "../../shared/index.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";

const Order = z.object({ id: z.string() });
const broken = new Set<string>();
const calls: string[] = [];
const declined = new NonRetryableError("The card was declined.");
const attempt = (what: string, id: string) => {
  if (broken.has(`${what} ${id}`)) throw declined;
  calls.push(`${what} ${id}`);
};
const pay = defineWorkflow({ name: "pay", version: 1, input: Order })
  .step("reserve", { undo: (_, { input }) => void calls.push(`release ${input.id}`) }, ({ input }) => attempt("reserve", input.id))
  .step("charge", ({ input }) => attempt("charge", input.id));
const order = defineWorkflow({ name: "order", version: 1, input: Order }).child("payment", pay, ({ input }) => ({ id: input.id }));
const all = [order, pay];

const find = ({ database }: TestDatabase, id: string) => createClient({ database, workflows: all }).get(id);
const childrenOf = (database: TestDatabase, id: string) =>
  database.query<{ id: string; status: string }>(
    "select c.run_id as id, e.status from baton.child c left join baton.ending e on e.run_id = c.run_id where parent_id = $1 order by path, c.run_id",
    [id],
  );

test("a child that was undone stays so when its parent is redriven, and fails it again", async () => {
  await using database = await createTestDatabase();
  broken.add("charge o-1");
  const [id] = await enqueue(database.database, order, [{ id: "o-1" }]);
  await poll(database.database, all);
  const [child] = await childrenOf(database, id!);
  expect(child).toMatchObject({ status: "failed" });
  broken.delete("charge o-1");
  expect(await runRepository(database.database).redrive(id!)).toMatchObject({ changed: true });
  await poll(database.database, all);
  expect(await find(database, id!)).toMatchObject({ status: "failed", redrives: 1, error: { name: "ChildFailedError" } });
  expect(await childrenOf(database, id!)).toEqual([child]);
  expect(await find(database, child!.id)).toMatchObject({ redrives: 0, undo: { status: "complete" } });
  expect(calls).toEqual(["reserve o-1", "release o-1"]);
  await database.assertInvariants();
});

test("a child of which nothing was to be undone goes on when its parent is redriven", async () => {
  await using database = await createTestDatabase();
  const [id] = await enqueue(database.database, order, [{ id: "o-2" }]);
  await poll(database.database, [order]);
  const [child] = await childrenOf(database, id!);
  await runRepository(database.database).cancel(child!.id, { undo: true });
  await poll(database.database, all);
  expect(await childrenOf(database, id!)).toEqual([{ ...child, status: "cancelled" }]);
  expect(await find(database, id!)).toMatchObject({ status: "failed", error: { name: "ChildCancelledError" } });
  await runRepository(database.database).redrive(id!);
  await poll(database.database, all);
  expect(await find(database, id!)).toMatchObject({ status: "done" });
  expect(await childrenOf(database, id!)).toEqual([{ ...child, status: "done" }]);
  await database.assertInvariants();
});
