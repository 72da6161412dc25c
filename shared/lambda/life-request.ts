import * as z from "zod";
import type { LifeRequest } from "../domain/run-protocol.ts";
import { callerOf } from "./bearer-auth.ts";
import type { HttpEvent } from "./http-event.ts";
import { readQuery } from "./query.ts";

const Query = z.strictObject({
  redrives: z
    .string()
    .regex(/^\d{1,9}$/, { error: "give the number under redrives of the run" })
    .transform(Number)
    .optional(),
});

/**
 * Which life of the run a cancel or a redrive means, where the caller says so, and whose key asks.
 */
export function readLife(event: HttpEvent): LifeRequest {
  const { redrives } = readQuery(event, Query);
  const by = callerOf(event)?.name;
  return { ...(redrives !== undefined && { redrives }), ...(by !== undefined && { by }) };
}

/** Whose key asks for what takes no parameter. */
export function readCaller(event: HttpEvent): string | undefined {
  readQuery(event);
  return callerOf(event)?.name;
}
