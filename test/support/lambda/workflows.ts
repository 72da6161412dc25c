// The workflows of bundles under test, in place of shared/workflows/index.ts: their steps call the
// test's own service.
import { randomUUID } from "node:crypto";
import * as z from "zod";
import { defineWorkflow, type StepContext } from "../../../shared/index.ts";
import type { CallFacts } from "../outside.ts";

const Input = z.strictObject({ n: z.int() });
const Called = z.object({ nonce: z.string(), pid: z.int(), served: z.int() });

/** How many steps this process has run: module state, as a warm instance keeps it. */
let served = 0;

async function callOutside(step: string, { idempotencyKey: key, attempt }: StepContext) {
  const facts: CallFacts = { key, step, attempt, pid: process.pid, nonce: randomUUID() };
  served++;
  await fetch(process.env["OUTSIDE_URL"]!, { method: "POST", body: JSON.stringify(facts) });
  return { nonce: facts.nonce, pid: facts.pid, served };
}

const step = (name: string) => (_state: unknown, context: StepContext) => callOutside(name, context);

/**
 * Two calls, and an entry that is made with the last checkpoint or not at all. Each node needs 25
 * seconds of the invocation's time to begin.
 */
export const errand = defineWorkflow({ name: "errand", version: 1, input: Input })
  .step("first", { output: Called, timeout: "20 seconds" }, step("first"))
  .step("second", { output: Called, timeout: "20 seconds" }, step("second"))
  .sql("book", { timeout: "20 seconds" }, ({ second }, { runId }) => ({
    statements: [{ text: "insert into test.entry (run_id, nonce) values ($1, $2)", values: [runId, second.nonce] }],
  }));

/** Its poller signs a link, which nobody is sent. */
export const asking = defineWorkflow({ name: "asking", version: 1, input: Input }).approval("sign-off", {
  choices: ["approve"],
  timeout: "1 day",
  retry: { maxAttempts: 1 },
  ask: () => undefined,
});

export const workflows = [errand, asking];

/** Where the entries go; nothing in it stops a second booking but the engine. */
export const entryTable = `
  create schema if not exists test;
  create table test.entry (run_id uuid not null, nonce text not null);
  grant usage on schema test to public;
  grant insert on test.entry to public;
`;
