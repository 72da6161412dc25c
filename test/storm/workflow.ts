import { randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";
import * as z from "zod";
import { defineWorkflow, type StepContext } from "../../shared/index.ts";

/**
 * One attempt, written before it ends into a file of its poller's own; the kernel keeps it through
 * a SIGKILL.
 */
export interface LedgerLine {
  readonly run: string;
  readonly node: string;
  readonly attempt: number;
  readonly nonce: string;
  /** The nonce of the step before, as this attempt was told it. */
  readonly saw: string | null;
}

/** Something that was handed out to the world outside, in a file beside that of the attempts. */
export interface OfferLine {
  readonly tag: string;
  readonly kind: "approval" | "callback";
  readonly token: string;
  /** Of an approval: the token of the other choice. */
  readonly other?: string;
}

/** An attempt failed because its run was made so. */
export class StormError extends Error {
  override readonly name = "StormError";
}

export const maxAttempts = 3;

/**
 * tag names the run outside the database; the attempts up to `fails` fail; nap: how long it sleeps,
 * in milliseconds; waits: for others too.
 */
export const Input = z.strictObject({ tag: z.string(), fails: z.int(), nap: z.int(), waits: z.boolean() });
export const Tagged = z.strictObject({ tag: z.string() });
const Effect = z.object({ nonce: z.string() });
export const retry = { backoff: "50 milliseconds", jitter: "none", maxAttempts } as const;

export function offersOf(ledger: string): string {
  return ledger.replace(/jsonl$/, "offers");
}

/** Writes down each attempt, and gives it an output that no other has. */
export function attempting(ledger: string) {
  return (node: string, saw: string | null, { runId, attempt: number }: StepContext) => {
    const line: LedgerLine = { run: runId, node, attempt: number, nonce: randomUUID(), saw };
    appendFileSync(ledger, `${JSON.stringify(line)}\n`);
    return { nonce: line.nonce };
  };
}

const tokenOf = (link: string) => link.slice(link.lastIndexOf("/") + 1);

/**
 * Steps with an effect outside the database, a sleep, waits for others, and a double entry that
 * only the engine keeps from being made twice.
 */
export function stormWorkflow(ledger: string) {
  const attempt = attempting(ledger);
  const offer = (line: OfferLine) => appendFileSync(offersOf(ledger), `${JSON.stringify(line)}\n`);
  return defineWorkflow({ name: "storm", version: 1, input: Input })
    .step("first", { output: Effect, retry }, (_state, context) => attempt("first", null, context))
    .step("second", { output: Effect, retry }, ({ input, first }, context) => {
      const effect = attempt("second", first.nonce, context);
      if (context.attempt <= input.fails) throw new StormError("this attempt fails on purpose");
      return effect;
    })
    .sleep("nap", ({ input }) => `${input.nap} milliseconds`)
    .choose("gate", ({ input }) => (input.waits ? "waits" : "open"), {
      waits: (arm) =>
        arm
          .waitFor("go", { key: ({ input }) => input.tag, output: Tagged, timeout: "1 hour" })
          .approval("sign-off", {
            choices: ["yes", "no"],
            timeout: "1 hour",
            retry,
            ask: ({ input: { tag } }, { links }) => offer({ tag, kind: "approval", token: tokenOf(links.yes), other: tokenOf(links.no) }),
          })
          // Whoever works on it may have been told that its run is over, before a redrive.
          .callback(
            "work",
            { output: Tagged, timeout: "20 seconds", retry: { ...retry, maxAttempts: 1_000 } },
            ({ input: { tag } }, { callback }) => offer({ tag, kind: "callback", token: callback.token }),
          ),
      open: (arm) => arm,
    })
    .sql("book", { retry }, ({ second }, { runId }) => ({
      statements: [
        { text: "insert into storm.entry (run_id, account, amount) values ($1, 'debit', -1)", values: [runId] },
        { text: "insert into storm.entry (run_id, account, amount) values ($1, 'credit', 1)", values: [runId] },
      ],
      output: { nonce: second.nonce },
    }))
    .step("third", { output: Effect, retry }, ({ second }, context) => attempt("third", second.nonce, context));
}

/** Which step's output an attempt of a step must have seen. */
export const stepBefore: Readonly<Record<string, string>> = { second: "first", third: "second" };

/** Where the double entries go; nothing in it stops a second booking. */
export const entryTable = `
  create schema storm;
  create table storm.entry (run_id uuid not null, account text not null, amount bigint not null);
  grant usage on schema storm to public;
  grant insert on storm.entry to public;
  create table storm.deposit (run_id uuid not null, amount bigint not null);
  grant insert on storm.deposit to public;
`;
