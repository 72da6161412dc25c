import { randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";
import * as z from "zod";
import { defineWorkflow, type StepContext } from "../../../shared/index.ts";

/**
 * One line of the ledger outside the engine, written before the attempt returns; the kernel keeps
 * it through a SIGKILL.
 */
export interface LedgerLine {
  readonly pid: number;
  readonly at: number;
  readonly key: string;
  readonly attempt: number;
  readonly nonce: string;
  /** The nonce of the step before, as this attempt was told it. */
  readonly saw: string | null;
}

/** What may happen between an attempt's effect and its checkpoint. */
export interface Effects {
  readonly ledger: string;
  afterEffect(): void;
  fails(): boolean;
}

const Effect = z.object({ nonce: z.string() });
const fast = { backoff: "20 milliseconds", jitter: "none", maxAttempts: 20 } as const;

/**
 * Steps with an effect outside the database, one after the other, side by side, for each item and
 * inside a script; and a double entry inside it.
 */
export function ledgerWorkflow(effects: Effects) {
  const attempt = (saw: string | null, { idempotencyKey, attempt }: StepContext) => {
    const line: LedgerLine = { pid: process.pid, at: Date.now(), key: idempotencyKey, attempt, nonce: randomUUID(), saw };
    appendFileSync(effects.ledger, `${JSON.stringify(line)}\n`);
    effects.afterEffect();
    if (effects.fails()) throw new Error("this attempt fails on purpose");
    return { nonce: line.nonce };
  };
  return defineWorkflow({ name: "ledger", version: 1, input: z.strictObject({ n: z.int() }) })
    .step("first", { output: Effect, retry: fast }, (_state, context) => attempt(null, context))
    .all("sides", {
      left: (chain) => chain.step("second", { output: Effect, retry: fast }, ({ first }, context) => attempt(first.nonce, context)),
      right: (chain) => chain.step("third", { output: Effect, retry: fast }, ({ first }, context) => attempt(first.nonce, context)),
    })
    .map("items", { over: () => [0, 1] }, (chain) =>
      chain.step("part", { output: Effect, retry: fast }, ({ sides }, context) => attempt(sides.left.nonce, context)),
    )
    .script("code", { retry: fast }, async ({ items }, { step }) => {
      const one = await step("one", (context) => attempt(items[1]!.nonce, context));
      return step("two", { of: "n" }, (context) => attempt(one.nonce, context));
    })
    .sql("book", { retry: fast }, ({ input, code }, { runId }) => ({
      statements: [
        { text: "insert into test.entry (run_id, account, amount) values ($1, 'debit', $2)", values: [runId, -input.n] },
        { text: "insert into test.entry (run_id, account, amount) values ($1, 'credit', $2)", values: [runId, input.n] },
      ],
      output: { nonce: code.nonce },
    }));
}

/** Where the double entries go; nothing in it stops a second booking but the engine. */
export const entryTable = `
  create schema if not exists test;
  create table test.entry (run_id uuid not null, account text not null, amount bigint not null);
  grant usage on schema test to public;
  grant insert on test.entry to public;
`;
