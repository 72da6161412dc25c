import { expect, test } from "vitest";
import { walk } from "../../shared/index.ts";
import type { HandlerNode } from "../../shared/domain/node.ts";
import type { StepContext } from "../../shared/index.ts";
import { fulfilOrder } from "../fulfil-order.ts";

const order = { orderId: "o-1", amountCents: 1250 };
const first = fulfilOrder.nodes[0] as HandlerNode;
const paid = { charge: { chargeId: "charge-1" } };

function charge(attempt: number): Promise<unknown> {
  const context: Partial<StepContext> = { attempt, idempotencyKey: "run-7/charge" };
  return first.run({ input: order }, context as StepContext).then(({ output }) => output);
}

test("an order that is paid is shipped, and its customer is told", async () => {
  const { state, statements } = await walk(fulfilOrder, order, { outputs: paid });
  expect(state.ship).toEqual({ trackingId: "parcel-o-1" });
  expect(state["cooling-off"]).toEqual({ until: "1970-01-01T00:00:02.000Z" });
  expect(state.notify).toEqual({ message: "Order o-1: 1250 cents paid by charge-1, on its way as parcel-o-1." });
  expect(statements).toEqual([]);
});

test("the payment fails at its first attempt and is tried again exactly one second later", async () => {
  await expect(walk(fulfilOrder, order)).rejects.toThrow("this example fails once on purpose");
  expect(first.retry).toMatchObject({ backoffMs: 1_000, jitter: "none" });
});

test("every later attempt of the payment gives the same charge", async () => {
  expect(await charge(2)).toEqual({ chargeId: "charge-run-7/charge" });
  expect(await charge(3)).toEqual(await charge(2));
});

test("an order without an id, or for nothing, is refused before it is charged", async () => {
  await expect(walk(fulfilOrder, { ...order, orderId: "" })).rejects.toMatchObject({ name: "ZodError" });
  await expect(walk(fulfilOrder, { ...order, amountCents: 0 })).rejects.toMatchObject({ name: "ZodError" });
});
