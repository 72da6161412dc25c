import { expect, test } from "vitest";
import * as z from "zod";
import { createClient } from "../../shared/client.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";

const input = z.object({ orderId: z.string() });
const order = defineWorkflow({ name: "order", version: 1, input });
const options = {
  output: z.int(),
  timeout: "30 days",
  key: ({ input: { orderId } }: { readonly input: z.output<typeof input> }) => orderId,
} as const;
const paid = order.waitFor("paid", options).step("ship", (state) => state.paid);

const clientOf = ({ database }: TestDatabase) => createClient({ database, workflows: [paid] });
const find = (database: TestDatabase, id: string) => clientOf(database).get(id);
const later = async (database: TestDatabase) => {
  await database.advance("1 second");
  await poll(database.database, [paid]);
};

test("a second run by the same key fails where it would wait, and its redrive waits once the first has ended", async () => {
  await using database = await createTestDatabase();
  const [first] = await enqueue(database.database, paid, [{ orderId: "o-1" }]);
  await poll(database.database, [paid]);
  const [second] = await enqueue(database.database, paid, [{ orderId: "o-1" }]);
  await poll(database.database, [paid]);
  await later(database);
  expect(await find(database, second!)).toMatchObject({ status: "failed", error: { name: "SignalKeyTakenError" } });
  expect(await find(database, first!)).toMatchObject({ status: "waiting" });
  await runRepository(database.database).redrive(second!);
  await poll(database.database, [paid]);
  expect(await find(database, second!)).toMatchObject({ status: "failed", error: { name: "SignalKeyTakenError" } });
  await clientOf(database).signalKey("order", "paid", "o-1", 5);
  await poll(database.database, [paid]);
  expect(await find(database, first!)).toMatchObject({ status: "done", output: 5 });
  await runRepository(database.database).redrive(second!);
  await poll(database.database, [paid]);
  expect(await find(database, second!)).toMatchObject({ status: "waiting" });
  expect(await clientOf(database).signalKey("order", "paid", "o-1", 6)).toMatchObject({ run: second });
  await poll(database.database, [paid]);
  expect(await find(database, second!)).toMatchObject({ status: "done", output: 6 });
  await database.assertInvariants();
});

test("of two runs that come to one key in one lease one waits, and the other fails", async () => {
  await using database = await createTestDatabase();
  const ids = await enqueue(database.database, paid, [{ orderId: "o-1" }, { orderId: "o-1" }]);
  await poll(database.database, [paid]);
  await later(database);
  const views = await Promise.all(ids.map((id) => find(database, id)));
  expect(views.map((view) => view!.status).toSorted()).toEqual(["failed", "waiting"]);
  await database.assertInvariants();
});

test("a run whose wait is beside something that works claims its key in its lease, and takes what is sent by it", async () => {
  await using database = await createTestDatabase();
  const client = clientOf(database);
  const sent: unknown[] = [];
  const beside = defineWorkflow({ name: "beside", version: 1, input }).all("sides", {
    wait: (chain) => chain.waitFor("paid", options).step("note", (state) => state.paid),
    work: (chain) =>
      chain
        .step("first", () => 1)
        .step("second", async () => sent.push(await client.signalKey("beside", "paid", "o-1", 3)))
        .step("third", () => 3),
  });
  const [id] = await enqueue(database.database, beside, [{ orderId: "o-1" }]);
  await poll(database.database, [beside]);
  expect(sent).toEqual([{ status: "accepted", run: id }]);
  expect(await find(database, id!)).toMatchObject({ status: "done", output: { wait: 3, work: 3 } });
  await database.assertInvariants();
});

test("a run whose wait is beside something that works fails at once where another has its key", async () => {
  await using database = await createTestDatabase();
  const started = Promise.withResolvers<void>();
  const beside = defineWorkflow({ name: "beside", version: 1, input })
    .all("sides", {
      wait: (chain) => chain.waitFor("paid", options),
      work: (chain) => chain.step("first", () => 1).step("second", (_state, { signal }) => stopped(signal, started.resolve)),
    })
    .step("after", () => 1);
  const alone = defineWorkflow({ name: "beside", version: 2, input }).waitFor("paid", options);
  await enqueue(database.database, alone, [{ orderId: "o-1" }]);
  await poll(database.database, [alone]);
  const [id] = await enqueue(database.database, beside, [{ orderId: "o-1" }]);
  await poll(database.database, [beside, alone]);
  expect(await find(database, id!)).toMatchObject({ status: "failed", error: { name: "SignalKeyTakenError" } });
  await database.assertInvariants();
});

/** Ends when the attempt is told to. */
function stopped(signal: AbortSignal, begun: () => void): Promise<never> {
  begun();
  return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
}
