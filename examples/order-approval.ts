import type { Transporter } from "nodemailer";
import * as z from "zod";
import { defineWorkflow } from "../shared/index.ts";

const Order = z.strictObject({ orderId: z.string().min(1), cents: z.int().positive(), customer: z.email(), approver: z.email() });

/** Orders of more than 500 are approved by a person. */
const FREE_CENTS = 50_000;

interface Letter {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** Of the idempotency key: a letter that comes again is known by it. */
  readonly id: string;
}

/**
 * Books an order, unless it is above 500: then its approver gets a letter with a link for each
 * choice, and has three days. What is refused, or not decided on in time, is not booked, and the
 * customer is told either way. `mail` is how letters are sent: nodemailer's SMTP transport, say.
 */
export const orderApproval = (mail: Pick<Transporter, "sendMail">) => {
  const send = async ({ to, subject, text, id }: Letter) => {
    const messageId = `<${id.replaceAll("/", ".")}@orders.example>`;
    await mail.sendMail({ from: "orders@orders.example", to, subject, text, messageId });
  };
  return defineWorkflow({ name: "order-approval", version: 1, input: Order, attributes: ({ input }) => ({ order: input.orderId }) })
    .choose("check", ({ input }) => (input.cents > FREE_CENTS ? "ask" : "wave-through"), {
      ask: (chain) =>
        chain.approval("manager", {
          choices: ["approve", "reject"],
          timeout: "3 days",
          ask: ({ input }, { links, deadline, idempotencyKey: id }) =>
            send({
              id,
              to: input.approver,
              subject: `Order ${input.orderId} waits for you`,
              text: `Approve: ${links.approve}\nReject: ${links.reject}\nUntil ${deadline}.`,
            }),
        }),
      "wave-through": (chain) => chain,
    })
    .choose("outcome", ({ check }) => (check.output === null || check.output.decision === "approve" ? "book" : "decline"), {
      book: (chain) => chain.step("reserve", ({ input }) => ({ reservation: `reservation-${input.orderId}` })),
      decline: (chain) => chain,
    })
    .step("tell", ({ input, check, outcome }, { idempotencyKey: id }) => {
      const answer = outcome.output === null ? `not accepted: ${check.output?.decision}` : `accepted, as ${outcome.output.reservation}`;
      return send({ id, to: input.customer, subject: `Your order ${input.orderId}`, text: `It is ${answer}.` }).then(() => ({ answer }));
    });
};
