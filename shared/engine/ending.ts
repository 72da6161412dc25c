import * as z from "zod";

/**
 * The input of a workflow that is a hook: what its run is told of the ending that it follows.
 *
 * @example
 * const notifyOps = defineWorkflow({ name: "notify-ops", version: 1, input: Ending })
 *   .step("mail", …);
 */
export const Ending = z.object({
  run: z.string(),
  workflow: z.string(),
  status: z.enum(["done", "failed", "cancelled"]),
  /** Why it failed; null unless it has. It may have a code, a stack and causes. */
  error: z.object({ name: z.string(), message: z.string() }).nullable(),
  /** The path of the attempt that failed for good; null where none did. */
  node: z.string().nullable(),
  /** How often it was attempted there since the run was last redriven. */
  attempts: z.int(),
});

export type Ending = z.output<typeof Ending>;
