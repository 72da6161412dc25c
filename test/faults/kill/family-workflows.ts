import { appendFileSync } from "node:fs";
import * as z from "zod";
import { defineWorkflow, Ending, NonRetryableError, type StepContext } from "../../../shared/index.ts";

const fast = { backoff: "20 milliseconds", jitter: "none", maxAttempts: 1_000 } as const;
const Input = z.strictObject({ n: z.int() });
const Part = z.strictObject({ n: z.int(), part: z.string() });

/** Where attempts of families are written, one idempotency key a line, beside those of ledgers. */
export function familyLedger(ledger: string): string {
  return `${ledger}.families`;
}

/** A run with children, one that is undone, and what follows their endings. */
export function familyWorkflows(ledger: string, afterEffect: () => void) {
  const attempt = ({ idempotencyKey }: StepContext) => {
    appendFileSync(familyLedger(ledger), `${idempotencyKey}\n`);
    afterEffect();
  };
  const note = defineWorkflow({ name: "note", version: 1, input: Ending }).step("note", { retry: fast }, ({ input }, context) => {
    attempt(context);
    return input.status;
  });
  const part = defineWorkflow({ name: "part", version: 1, input: Part })
    .step("make", { retry: fast }, ({ input }, context) => {
      attempt(context);
      return `${input.part} of ${input.n}`;
    })
    .step("pack", { retry: fast }, ({ make }) => make);
  const family = defineWorkflow({ name: "family", version: 1, input: Input, whenEnded: note })
    .all("parts", {
      left: (chain) => chain.child("part", part, ({ input }) => ({ ...input, part: "left" })),
      right: (chain) => chain.child("part", part, ({ input }) => ({ ...input, part: "right" })),
    })
    .child("alone", { detach: true }, part, ({ input }) => ({ ...input, part: "alone" }))
    .step("join", { retry: fast }, ({ parts }) => [parts.left, parts.right]);
  const saga = defineWorkflow({ name: "saga", version: 1, input: Input, whenFailed: note, whenEnded: note })
    .step("reserve", { retry: fast, undo: (_output, _state, context) => attempt(context) }, (_state, context) => attempt(context))
    .sql("charge", { retry: fast, undo: (_, _state, { runId }) => ({ statements: [entry(runId, 1)] }) }, (_state, { runId }) => ({
      statements: [entry(runId, -1)],
    }))
    .step("ship", { undo: { run: (_output, _state, context) => attempt(context), retry: fast, evenIfFailed: true } }, () => {
      throw new NonRetryableError("this run is to be undone");
    });
  return [part, family, saga, note];
}

const entry = (run: string, amount: number) => ({
  text: "insert into test.charge (run_id, amount) values ($1, $2)",
  values: [run, amount],
});

/** Where a saga books, and books back; nothing in it stops a second time but the engine. */
export const chargeTable = `
  create table test.charge (run_id uuid not null, amount bigint not null);
  grant insert on test.charge to public;
`;
