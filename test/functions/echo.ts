import * as z from "zod";
import type { Json } from "../../shared/domain/json.ts";
import { defineWorkflow } from "../../shared/index.ts";

/**
 * Gives its input back, once as its own output and once, after it went through the database, as
 * that of a later node.
 */
const echo = defineWorkflow({ name: "echo", version: 1, input: z.json() })
  .step("first", ({ input }) => ({ input, keys: keysOf(input) }))
  .sleep("through-the-database", "0 seconds")
  .step("second", (state) => ({ input: state.first.input, keys: keysOf(state.first.input), before: state.first.keys }));

export const workflows = [echo];

/** The keys of all objects in the order in which a handler sees them. */
function keysOf(value: Json): string[] {
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item: Json) => keysOf(item));
  return Object.entries(value).flatMap(([key, item]) => [key, ...keysOf(item ?? null)]);
}
