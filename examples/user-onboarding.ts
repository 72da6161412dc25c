import type { Transporter } from "nodemailer";
import * as z from "zod";
import { defineWorkflow } from "../shared/index.ts";

const User = z.strictObject({ email: z.email(), name: z.string().min(1), plan: z.enum(["free", "team"]) });

interface Letter {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** Of the idempotency key: a mail server, or its reader, knows a letter that comes again. */
  readonly id: string;
}

/**
 * Welcomes a user, waits until their address is verified, reminds them 3 days later, gives advice
 * that fits their plan, and asks at the end of the month how it went. Who follows the link of the
 * welcome is known by the address alone: the signal `verified` is sent by that key. `mail` is how
 * letters are sent: nodemailer's SMTP transport, say.
 */
export const userOnboarding = (mail: Pick<Transporter, "sendMail">) => {
  const send = async ({ to, subject, text, id }: Letter) => {
    const messageId = `<${id.replaceAll("/", ".")}@onboarding.example>`;
    await mail.sendMail({ from: "hello@onboarding.example", to, subject, text, messageId });
    return { messageId };
  };
  return defineWorkflow({
    name: "user-onboarding",
    version: 1,
    input: User,
    attributes: ({ input }) => ({ plan: input.plan }),
  })
    .step("send-welcome", ({ input }, { idempotencyKey: id }) =>
      send({ id, to: input.email, subject: `Welcome, ${input.name}`, text: "It is good to have you here." }),
    )
    .waitFor("verified", { output: z.null(), key: ({ input }) => input.email, timeout: "7 days" })
    .sleep("settle-in", "3 days")
    .step("send-reminder", ({ input }, { idempotencyKey: id }) =>
      send({ id, to: input.email, subject: "Three days with us", text: `${input.name}, is there anything that we can help with?` }),
    )
    .choose("advice", ({ input }) => input.plan, {
      team: (chain) =>
        chain.step("send-team", ({ input }, { idempotencyKey: id }) =>
          send({ id, to: input.email, subject: "Bring your team", text: "Invite your colleagues: it is more fun together." }),
        ),
      free: (chain) =>
        chain.step("send-free", ({ input }, { idempotencyKey: id }) =>
          send({ id, to: input.email, subject: "Make more of it", text: "What you can do with the free plan, in three minutes." }),
        ),
    })
    .sleep("live-with-it", "27 days")
    .step("ask-back", ({ input }, { idempotencyKey: id }) =>
      send({ id, to: input.email, subject: "How was your first month?", text: "One line is enough: just answer this letter." }),
    );
};
