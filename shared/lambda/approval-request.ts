import * as z from "zod";
import type { ApprovalTicket } from "../domain/ticket.ts";
import { decide, type Decision, lookAtApproval } from "../engine/produce/answer-wait.ts";
import { schemaIssues, sentences } from "../engine/schema-issues.ts";
import type { AnswerApp } from "./answer-app.ts";
import { type ApprovalFacts, askPage, chosenPage, type Entered, MAX_BY, MAX_COMMENT } from "./approval-page.ts";
import { answer, headerOf, type HttpAnswer, type HttpEvent } from "./http-event.ts";
import { isOfType, readJson, readText } from "./json-body.ts";
import { Problem } from "./problem.ts";
import { ticketOf } from "./ticket-request.ts";

/** The largest body, in bytes: each of 1,200 characters may be written with twelve. */
const MAX_BODY_BYTES = 16 * 1024;

const text = (most: number) =>
  z
    .string()
    .max(most, `give at most ${most.toLocaleString("en")} characters`)
    .regex(/^[^\0]*$/, "give text without U+0000");
const Said = z.strictObject({ by: text(MAX_BY).nullable().default(null), comment: text(MAX_COMMENT).nullable().default(null) });

/** Whether a program asks, which reads JSON; people get pages. */
export function isOfProgram(event: HttpEvent): boolean {
  const accept = headerOf(event, "accept") ?? "";
  return isOfType(event, "application/json") || (accept.includes("application/json") && !accept.includes("text/html"));
}

/**
 * `GET /approvals/{token}`: what would be chosen. It changes nothing: what scans mails follows
 * links. What a mailer has added to the query string is left alone.
 */
export async function showApproval(event: HttpEvent, app: AnswerApp): Promise<HttpAnswer> {
  const facts = await factsOf(app, await ticketOf(event, app, "approval"));
  return isOfProgram(event) ? answer(200, { ...facts, expires: new Date(facts.expires).toISOString() }) : askPage(facts);
}

/** `POST /approvals/{token}`: chooses. */
export async function decideApproval(event: HttpEvent, app: AnswerApp): Promise<HttpAnswer> {
  const ticket = await ticketOf(event, app, "approval");
  const entered = isOfType(event, "application/json") ? readJson(event, MAX_BODY_BYTES) : readForm(event);
  const said = Said.safeParse(entered, { error: sentences });
  if (!said.success) return refuse(event, app, ticket, entered as Entered, said.error);
  const { status } = await decide(app.waits, ticket, decisionOf(said.data));
  app.logger.info("an approval was decided", { run: ticket.run, node: ticket.path, decision: ticket.choice, status });
  return isOfProgram(event) ? answer(202, { status, decision: ticket.choice }) : chosenPage(ticket.choice);
}

async function factsOf({ waits }: AnswerApp, ticket: ApprovalTicket): Promise<ApprovalFacts> {
  const { workflow = "" } = await lookAtApproval(waits, ticket);
  const { path, choice, expires } = ticket;
  return { workflow, path, choice, expires };
}

/** Other fields are left alone: a browser's extension may have added them. */
function readForm(event: HttpEvent): Entered {
  const form = new URLSearchParams(readText(event, "application/x-www-form-urlencoded", MAX_BODY_BYTES));
  // A form sends a line's end as two characters, and its field counts it as one.
  const field = (name: string) => (form.get(name) ?? "").replaceAll("\r\n", "\n");
  return { by: field("by"), comment: field("comment") };
}

/** What is empty was not said. */
function decisionOf({ by, comment }: Decision): Decision {
  return { by: by?.trim() || null, comment: comment?.trim() || null };
}

async function refuse(
  event: HttpEvent,
  app: AnswerApp,
  ticket: ApprovalTicket,
  entered: Entered,
  error: z.core.$ZodError,
): Promise<HttpAnswer> {
  const errors = schemaIssues(error);
  if (isOfProgram(event)) throw new Problem("invalid-body", "Correct what is listed under errors; nothing was decided.", { errors });
  const [{ pointer, message } = { pointer: "", message: "" }] = errors;
  return askPage(
    await factsOf(app, ticket),
    entered,
    `${pointer === "/by" ? "Your name" : "Comment"}: ${message}. Nothing was decided yet.`,
  );
}
