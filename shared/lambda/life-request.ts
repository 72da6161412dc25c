import * as z from "zod";
import type { CancelRequest, LifeRequest } from "../domain/life-protocol.ts";
import { issue } from "../engine/schema-issues.ts";
import { callerOf } from "./bearer-auth.ts";
import type { HttpEvent } from "./http-event.ts";
import { Problem } from "./problem.ts";
import { readQuery } from "./query.ts";

const Life = z.strictObject({
  redrives: z
    .string()
    .regex(/^\d{1,9}$/, { error: "give the number under redrives of the run" })
    .transform(Number)
    .optional(),
});

const Cancel = Life.extend({ undo: z.enum(["true", "false"], { error: "write true or false" }).optional() });

/** Which life of the run a cancel means, and whether what it has done is undone. */
export function readCancel(event: HttpEvent): CancelRequest {
  const { undo, redrives } = readQuery(event, Cancel);
  return { ...lifeOf(event, redrives), ...(undo === "true" && { undo: true }) };
}

/**
 * Which life of the run a redrive means, where the caller says so, and whose key asks.
 */
export function readLife(event: HttpEvent): LifeRequest {
  return lifeOf(event, readQuery(event, Life).redrives);
}

function lifeOf(event: HttpEvent, redrives: number | undefined): LifeRequest {
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
