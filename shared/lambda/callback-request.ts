import * as z from "zod";
import type { CallbackTicket } from "../domain/ticket.ts";
import { type AcceptedAnswer, beat, complete, fail, type WaitAnswerer } from "../engine/produce/answer-wait.ts";
import { schemaIssues, sentences } from "../engine/schema-issues.ts";
import type { AnswerApp } from "./answer-app.ts";
import { answer, type HttpAnswer, type HttpEvent } from "./http-event.ts";
import { readJson } from "./json-body.ts";
import { Problem } from "./problem.ts";
import { readQuery } from "./query.ts";
import { ticketOf } from "./ticket-request.ts";

/** The largest body, in bytes: strangers send it. */
const MAX_BODY_BYTES = 64 * 1024;

const Failure = z.strictObject({
  message: z.string().min(1).max(10_000),
  name: z.string().min(1).max(200).default("Error"),
  retryable: z.boolean().default(true),
});
const Beat = z.strictObject({ note: z.json().default(null) });

type Send = (waits: WaitAnswerer, ticket: CallbackTicket, event: HttpEvent) => Promise<AcceptedAnswer>;

/** `POST /callbacks/{token}/complete`: the body is the output. */
export const completeCallback = accept((waits, ticket, event) => complete(waits, ticket, readJson(event, MAX_BODY_BYTES)));

/** `POST /callbacks/{token}/fail`: the body is `{ message, name?, retryable? }`. */
export const failCallback = accept((waits, ticket, event) => fail(waits, ticket, readBody(event, Failure)));

/** `POST /callbacks/{token}/heartbeat`: the body is `{ note? }`, or nothing. */
export const beatCallback = accept((waits, ticket, event) => beat(waits, ticket, event.body ? readBody(event, Beat).note : null));

function accept(send: Send): (event: HttpEvent, app: AnswerApp) => Promise<HttpAnswer> {
  return async (event, app) => {
    const ticket = await ticketOf(event, app, "callback");
    readQuery(event);
    const { status } = await send(app.waits, ticket, event);
    return answer(202, { status });
  };
}

function readBody<Body>(event: HttpEvent, schema: z.ZodType<Body>): Body {
  const parsed = schema.safeParse(readJson(event, MAX_BODY_BYTES), { error: sentences });
  if (parsed.success) return parsed.data;
  throw new Problem("invalid-body", "Correct what is listed under errors and send the answer again; nothing of it was stored.", {
    errors: schemaIssues(parsed.error),
  });
}
