import * as z from "zod";
import type { LifeRequest } from "../domain/run-protocol.ts";
import { issue } from "../engine/schema-issues.ts";
import { callerOf } from "./bearer-auth.ts";
import type { HttpEvent } from "./http-event.ts";
import { Problem } from "./problem.ts";
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
  refuseBody(event, "send none: which life of the run is meant stands in the query string, as in ?redrives=0");
  const by = callerOf(event)?.name;
  return { ...(redrives !== undefined && { redrives }), ...(by !== undefined && { by }) };
}

/**
 * What somebody says in a body that nobody reads would not be done; an empty object says nothing.
 */
function refuseBody({ body, isBase64Encoded }: HttpEvent, message: string): void {
  const text = Buffer.from(body ?? "", isBase64Encoded ? "base64" : "utf8").toString();
  if (/^\s*(\{\s*\})?\s*$/.test(text)) return;
  throw new Problem("invalid-body", "This route takes no body; nothing was done.", { errors: [issue("", message)] });
}

/** Whose key asks for what takes no parameter. */
export function readCaller(event: HttpEvent): string | undefined {
  readQuery(event);
  refuseBody(event, "send none");
  return callerOf(event)?.name;
}
