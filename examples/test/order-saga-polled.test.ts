import { expect, test } from "vitest";
import { createOperator } from "../../shared/operator.ts";
import { createTestDatabase } from "../../test/support/database.ts";
import { enqueue, poll } from "../../test/support/poller.ts";
import { ticketKeys } from "../../test/support/tickets.ts";
import { orderSaga } from "../order-saga.ts";
import { recordingShop } from "./recording-shop.ts";

const tickets = { keys: async () => ticketKeys, publicUrl: "https://orders.example" };
const mailOf = (letters: string[]) => ({ sendMail: async ({ to }: { to?: unknown }) => void letters.push(String(to)) }) as never;

test("a poller that dies in the middle of undoing leaves the rest to the next one, which undoes nothing twice but what it was at", async () => {
  await using database = await createTestDatabase();
  const { promise: dead, resolve: end } = Promise.withResolvers<void>();
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  const { shop, calls } = recordingShop();
  const letters: string[] = [];
  const { order, orderFailed } = orderSaga(shop, mailOf(letters));
  // Its last undo does not come back before its lease is another's.
  const dying = orderSaga(
    {
      ...shop,
      release: (...call) =>
        shop
          .release(...call)
          .then(reach, reach)
          .then(() => dead),
    },
    mailOf(letters),
  );
  const poller = database.connect("poller");
  const [id] = await enqueue(database.connect("producer"), order, [{ orderId: "o-1", cents: 1250, approver: "ada@example.com" }]);
  await poll(poller, [order, orderFailed], { tickets });
  await database.advance("4 days");
  const first = poll(poller, [dying.order, dying.orderFailed], { tickets });
  await reached;
  await database.advance("31 seconds");
  await poll(poller, [order, orderFailed], { tickets });
  end();
  await first;
  expect(calls).toEqual(["reserve", "charge", "refund", "release reservation of o-1", "release reservation of o-1"]);
  const run = await createOperator({ database: database.connect("reader") }).get(id!);
  expect(run).toMatchObject({ status: "failed", error: { message: "the approver's answer: expired" }, undo: { status: "complete" } });
  expect(run!.followedBy).toHaveLength(1);
  expect(letters).toEqual(["ada@example.com", "desk@orders.example"]);
  await database.assertInvariants();
});
