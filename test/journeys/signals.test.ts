import { expect, test } from "vitest";
import * as z from "zod";
import { createClient } from "../../shared/client.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { createClock } from "../support/clock.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";

const Payment = z.object({ cents: z.int() });
const order = defineWorkflow({ name: "order", version: 1, input: z.object({}) });
const paid = order.waitFor("paid", { output: Payment, timeout: "30 days" }).step("ship", ({ paid: { cents } }) => cents);

const clientOf = ({ database }: TestDatabase) => createClient({ database, workflows: [paid] });
const find = (database: TestDatabase, id: string) => clientOf(database).get(id);

test("a run waits without a statement until its signal comes, and goes on with the payload", async () => {
  await using database = await createTestDatabase();
  const [id] = await enqueue(database.database, paid, [{}]);
  await poll(database.database, [paid]);
  expect(await find(database, id!)).toMatchObject({ status: "waiting" });
  expect(await clientOf(database).signal(id!, "paid", { cents: 5 })).toEqual({ status: "accepted" });
  expect(await find(database, id!)).toMatchObject({ status: "ready" });
  await database.assertInvariants();
  await poll(database.database, [paid]);
  expect(await find(database, id!)).toMatchObject({ status: "done", output: 5 });
  expect(await database.query("select * from baton.message")).toEqual([]);
  await database.assertInvariants();
});

test("a signal that comes before its node is reached is kept for it", async () => {
  await using database = await createTestDatabase();
  const [id] = await enqueue(database.database, paid, [{}]);
  await clientOf(database).signal(id!, "paid", { cents: 5 });
  await poll(database.database, [paid]);
  expect(await find(database, id!)).toMatchObject({ status: "done", output: 5 });
});

test("a wait times out at its deadline, and a redrive waits as long again", async () => {
  await using database = await createTestDatabase();
  const clock = createClock(database.query);
  const start = new Date();
  const [id] = await enqueue(database.database, paid, [{}]);
  await clock.setNow(new Date(start.getTime() + 60_000));
  await poll(database.database, [paid]);
  await clock.setNow(new Date(start.getTime() + 31 * 86_400_000));
  await poll(database.database, [paid]);
  expect(await find(database, id!)).toMatchObject({ status: "failed", error: { name: "SignalTimeoutError" } });
  await runRepository(database.database).redrive(id!);
  await poll(database.database, [paid]);
  expect(await find(database, id!)).toMatchObject({ status: "waiting" });
  await database.assertInvariants();
  await clientOf(database).signal(id!, "paid", { cents: 7 });
  await poll(database.database, [paid]);
  expect(await find(database, id!)).toMatchObject({ status: "done", output: 7 });
});

test("a signal that comes while something else of its run works is taken with the next round", async () => {
  await using database = await createTestDatabase();
  const client = clientOf(database);
  const beside = defineWorkflow({ name: "beside", version: 1, input: z.object({}) }).all("sides", {
    wait: (chain) => chain.waitFor("paid", { output: Payment, timeout: "1 day" }).step("note", ({ paid: { cents } }) => cents),
    work: (chain) => chain.step("first", (_state, { runId }) => client.signal(runId, "paid", { cents: 3 })).step("second", () => 2),
  });
  const [id] = await enqueue(database.database, beside, [{}]);
  const store = runRepository(database.database);
  const claimed: string[] = [];
  await poll(database.database, [beside], {
    store: {
      ...store,
      claim: async (...call) => {
        const answer = await store.claim(...call);
        claimed.push(...answer.runs.map((run) => run.id));
        return answer;
      },
    },
  });
  expect(await find(database, id!)).toMatchObject({ status: "done" });
  expect(claimed).toEqual([id]);
  await database.assertInvariants();
});
