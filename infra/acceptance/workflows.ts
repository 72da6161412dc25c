// The workflows of an acceptance, in place of shared/workflows/index.ts.
import * as z from "zod";
import { defaultDatabase } from "../../shared/db/default-database.ts";
import { defineWorkflow } from "../../shared/index.ts";

/** One step, so that its run tells how long the way is from a request to an output. */
const greet = defineWorkflow({ name: "acceptance-greet", version: 1, input: z.strictObject({ name: z.string() }) }).step(
  "greet",
  { output: z.string() },
  ({ input }) => `Hello ${input.name}`,
);

/** Its second step kills the process the first time: nothing in it could catch that. */
const recover = defineWorkflow({ name: "acceptance-recover", version: 1, input: z.strictObject({}) })
  .step("before", { output: z.string() }, (_state, { idempotencyKey }) => idempotencyKey)
  .step("kill", { output: z.literal("alive") }, async (_state, { idempotencyKey }) => {
    if (await isFirst(idempotencyKey)) exhaustMemory();
    return "alive" as const;
  });

/** Where the step leaves a mark that outlives its process. */
export const markTableFor = (poller: string) => `
  create schema acceptance;
  create table acceptance.mark (key text primary key);
  grant usage on schema acceptance to ${poller};
  grant select, insert on acceptance.mark to ${poller};
`;

async function isFirst(key: string): Promise<boolean> {
  const made = await defaultDatabase().query("insert into acceptance.mark values ($1) on conflict do nothing returning key", [key]);
  return made.length === 1;
}

function exhaustMemory(): never {
  for (const hoard: unknown[] = []; ;) hoard.push(Array(1_000_000).fill(hoard.length));
}

export const workflows = [greet, recover];
