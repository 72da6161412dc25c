// The workflows of an acceptance, in place of shared/workflows/index.ts.
import * as z from "zod";
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
  .step("kill", { output: z.int() }, (_state, { attempt }) => {
    if (attempt === 1) exhaustMemory();
    return attempt;
  });

function exhaustMemory(): never {
  for (const hoard: number[][] = []; ;) hoard.push(Array.from({ length: 1_000_000 }, (_, n) => n + hoard.length));
}

export const workflows = [greet, recover];
