import type { Transporter } from "nodemailer";
import * as z from "zod";
import { defineWorkflow, Ending, NonRetryableError } from "../shared/index.ts";

const Order = z.strictObject({ orderId: z.string().min(1), cents: z.int().positive(), approver: z.email() });
export type Order = z.infer<typeof Order>;

/** What the shop's other services do. A call that comes again has the same key, and acts once. */
export interface Shop {
  /** Sets the goods aside, and gives the number under which they are. */
  reserve(order: Order, key: string): Promise<string>;
  release(reservation: string, key: string): Promise<void>;
  charge(order: Order, key: string): Promise<string>;
  /** Pays back what was taken for the order, if anything was. */
  refund(order: Order, key: string): Promise<void>;
  ship(order: Order, key: string): Promise<string>;
  /** Calls the order's parcel back, if one has left. */
  recall(order: Order, key: string): Promise<void>;
}

/**
 * Reserves, charges, asks, ships: and where one of these fails for good, or the approver declines
 * or says nothing for three days, takes back what was done, the last first. Then whoever looks
 * after orders gets a letter, once. `mail` is how letters are sent: nodemailer's SMTP transport,
 * say.
 */
export const orderSaga = (shop: Shop, mail: Pick<Transporter, "sendMail">) => {
  const send = (to: string, subject: string, text: string, key: string) =>
    mail.sendMail({ from: "orders@orders.example", to, subject, text, messageId: `<${key.replaceAll("/", ".")}@orders.example>` });

  const orderFailed = defineWorkflow({ name: "order-failed", version: 1, input: Ending }).step("write", ({ input }, { idempotencyKey }) =>
    send("desk@orders.example", `An order was taken back: ${input.run}`, input.error?.message ?? "", idempotencyKey).then(() => null),
  );

  const order = defineWorkflow({
    name: "order-saga",
    version: 1,
    input: Order,
    attributes: ({ input }) => ({ order: input.orderId }),
    whenFailed: orderFailed,
  })
    .step("reserve", { undo: (reservation, _, { idempotencyKey }) => shop.release(reservation, idempotencyKey) }, ({ input }, context) =>
      shop.reserve(input, context.idempotencyKey),
    )
    .step(
      "charge",
      // A charge that failed may have been made all the same: its answer was lost.
      { undo: { run: (_, { input }, { idempotencyKey }) => shop.refund(input, idempotencyKey), evenIfFailed: true } },
      ({ input }, { idempotencyKey }) => shop.charge(input, idempotencyKey),
    )
    .approval("manager", {
      choices: ["approve", "decline"],
      timeout: "3 days",
      ask: async ({ input }, { links, deadline, idempotencyKey }) => {
        const text = `Approve: ${links.approve}\nDecline: ${links.decline}\nUntil ${deadline}.`;
        await send(input.approver, `Order ${input.orderId} waits for you`, text, idempotencyKey);
      },
    })
    .step("decide", ({ manager: { decision } }) => {
      if (decision !== "approve") throw new NonRetryableError(`the approver's answer: ${decision}`);
    })
    .step(
      "ship",
      { undo: { run: (_, { input }, { idempotencyKey }) => shop.recall(input, idempotencyKey), evenIfFailed: true } },
      ({ input }, { idempotencyKey }) => shop.ship(input, idempotencyKey),
    );

  return { order, orderFailed };
};
