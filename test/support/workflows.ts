// The service of the tests, in place of shared/workflows/index.ts: what somebody lists there is no
// matter of theirs.
import * as z from "zod";
import { defineWorkflow } from "../../shared/index.ts";

const Order = z.strictObject({ orderId: z.string().min(1), amountCents: z.int().positive() });

/** Each kind of node but `sql`, and a step whose first attempt fails. */
export const fulfilOrder = defineWorkflow({ name: "fulfil-order", version: 1, input: Order })
  .step("charge", { retry: { backoff: "1 second", jitter: "none" } }, (_state, { attempt, idempotencyKey }) => {
    if (attempt === 1) throw new Error("this test fails once on purpose");
    return { chargeId: `charge-${idempotencyKey}` };
  })
  .step("ship", ({ input }) => ({ trackingId: `parcel-${input.orderId}` }))
  .sleep("cooling-off", "2 seconds")
  .step("notify", ({ charge, ship }) => ({ message: `${charge.chargeId} is on its way as ${ship.trackingId}` }));

export const workflows = [fulfilOrder];
