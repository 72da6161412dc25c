import * as z from "zod";
import type { ListRequest } from "../domain/run-protocol.ts";
import type { HttpEvent } from "./http-event.ts";
import { readQuery } from "./query.ts";

const limitRule = "give a whole number from 1 to 100";

/** How many runs a page has. */
export const limit = z
  .string()
  .regex(/^([1-9]\d?|100)$/, { error: limitRule })
  .default("20")
  .transform(Number);

const Query = z.strictObject({
  workflow: z
    .string()
    .regex(/^[a-z][a-zA-Z0-9-]{0,62}$/, { error: "give the name of a workflow" })
    .optional(),
  status: z.enum(["ready", "running", "waiting", "done", "failed", "cancelled", "blocked"]).optional(),
  limit,
  cursor: z.uuid({ error: "give the cursor of the page before" }).optional(),
});

/** What `GET /runs` asks for: 20 runs by default, at most 100. */
export function readListRequest(event: HttpEvent): ListRequest {
  const { workflow, status, limit, cursor } = readQuery(event, Query);
  return { limit, ...(workflow && { workflow }), ...(status && { status }), ...(cursor && { before: cursor }) };
}
