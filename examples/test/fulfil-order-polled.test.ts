import { expect, test } from "vitest";
import { runRepository } from "../../shared/db/run-repository.ts";
import { fulfilOrder } from "../fulfil-order.ts";
import { createTestDatabase } from "../../test/support/database.ts";
import { enqueue, poll } from "../../test/support/poller.ts";

test("an order is charged at the second attempt, slept on and fulfilled, by pollers as the poller's role", async () => {
  await using database = await createTestDatabase();
  const poller = database.connect("poller");
  const [id] = await enqueue(database.connect("producer"), fulfilOrder, [{ orderId: "o-1", amountCents: 1250 }]);
  await poll(poller, [fulfilOrder]);
  expect((await runRepository(database.connect("reader")).findRun(id!))?.status).toBe("waiting");
  await database.advance("10 seconds");
  await poll(poller, [fulfilOrder]);
  const run = await runRepository(database.connect("reader")).findRun(id!);
  expect(run?.status).toBe("done");
  expect(run?.checkpoints.map(({ node, attempt }) => [node, attempt])).toEqual([
    ["charge", 2],
    ["ship", 1],
    ["cooling-off", 1],
    ["notify", 1],
  ]);
  expect(run?.failures).toMatchObject([{ node: "charge", attempt: 1 }]);
  await database.assertInvariants();
});
