import { appendFileSync } from "node:fs";
import * as z from "zod";
import { defineWorkflow } from "../../../shared/index.ts";

/** Something that was handed out to the world outside, written before its attempt returns. */
export interface OfferLine {
  readonly run: string;
  readonly n: number;
  readonly kind: "approval" | "callback";
  readonly token: string;
}

const fast = { backoff: "20 milliseconds", jitter: "none", maxAttempts: 20 } as const;

/** Waits for signals, by run and by key, for a decision and for an outside system. */
export function waitingWorkflow(offers: string, afterEffect: () => void) {
  const offer = (line: OfferLine) => {
    appendFileSync(offers, `${JSON.stringify(line)}\n`);
    afterEffect();
  };
  return defineWorkflow({ name: "waiting", version: 1, input: z.strictObject({ n: z.int() }) })
    .waitFor("paid", { output: z.int(), key: ({ input }) => `order-${input.n}`, timeout: "1 hour" })
    .approval("sign-off", {
      choices: ["approve", "reject"],
      timeout: "1 hour",
      retry: fast,
      ask: ({ input: { n } }, { runId, links }) => offer({ run: runId, n, kind: "approval", token: links.approve.split("/").at(-1)! }),
    })
    .callback("transcribe", { output: z.int(), timeout: "1 hour", heartbeat: "30 minutes", retry: fast }, ({ input: { n } }, context) =>
      offer({ run: context.runId, n, kind: "callback", token: context.callback.token }),
    )
    .waitFor("shipped", { output: z.int(), timeout: "1 hour" })
    .step("last", ({ paid, "sign-off": { decision }, transcribe, shipped }) => ({ paid, decision, transcribe, shipped }));
}
