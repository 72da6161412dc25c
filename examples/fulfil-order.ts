import * as z from "zod";
import { defineWorkflow } from "../shared/index.ts";

const Order = z.strictObject({ orderId: z.string().min(1), amountCents: z.int().positive() });
const Charge = z.object({ chargeId: z.string() });
const Parcel = z.object({ trackingId: z.string() });

/**
 * Charges, ships, waits and notifies. The payment fails once on purpose, to show that it is tried
 * again a second later.
 */
export const fulfilOrder = defineWorkflow({ name: "fulfil-order", version: 1, input: Order })
  .step("charge", { output: Charge, retry: { backoff: "1 second", jitter: "none" } }, (_state, { attempt, idempotencyKey }) => {
    if (attempt === 1) throw new Error("the payment service did not answer; this example fails once on purpose");
    return { chargeId: `charge-${idempotencyKey}` };
  })
  .step("ship", { output: Parcel }, ({ input }) => ({ trackingId: `parcel-${input.orderId}` }))
  .sleep("cooling-off", "2 seconds")
  .step("notify", ({ input, charge, ship }) => ({
    message: `Order ${input.orderId}: ${input.amountCents} cents paid by ${charge.chargeId}, on its way as ${ship.trackingId}.`,
  }));
