import * as z from "zod";
import type { HttpEvent } from "./http-event.ts";
import { readQuery } from "./query.ts";

const Query = z.strictObject({
  redrives: z
    .string()
    .regex(/^\d{1,9}$/, { error: "give the number under redrives of the run" })
    .transform(Number)
    .optional(),
});

/** Which life of the run a cancel or a redrive means, where the caller says so. */
export function readLife(event: HttpEvent): number | undefined {
  return readQuery(event, Query).redrives;
}
