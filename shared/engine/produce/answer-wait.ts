import { jsonbBytes } from "../../domain/jsonb-bytes.ts";
import type { Json } from "../../domain/json.ts";
import { decisionName } from "../../domain/nodes/approving.ts";
import { namesOf } from "../../domain/nodes/calling.ts";
import type { AnswerWaitAnswer, AnswerWaitRequest } from "../../domain/mail-protocol.ts";
import type { ApprovalTicket, CallbackTicket, Ticket } from "../../domain/ticket.ts";
import type { AnyWorkflow } from "../../domain/workflow-types.ts";
import type { Caller } from "../ask.ts";
import { InvalidAnswerError, MailboxFullError, RunNotFoundError, WaitOverError } from "../producer-errors.ts";
import { repeatCall } from "../repeat-call.ts";
import { issue, type SchemaIssue } from "../schema-issues.ts";
import { refuseOutput } from "./refuse-output.ts";
import { MAX_SIGNAL_BYTES } from "./send-signal.ts";

/** What answering waits needs. */
export interface WaitAnswerer extends Caller {
  readonly queue: { answerWait(request: AnswerWaitRequest, options: { readonly timeoutMs: number }): Promise<AnswerWaitAnswer> };
  /** Their callbacks say which outputs are refused at the door. */
  readonly workflows: readonly AnyWorkflow[];
  readonly nudge?: ((pollers: number) => Promise<void>) | undefined;
}

/** What somebody says with a choice; neither is proof of who it was. */
export interface Decision {
  readonly by: string | null;
  readonly comment: string | null;
}

/** Why an attempt of a callback failed, in the words of who worked on it. */
export interface CallbackFailure {
  readonly name: string;
  readonly message: string;
  readonly retryable: boolean;
}

/** What was stored. */
export interface AcceptedAnswer {
  /** repeated: the same was stored before. */
  readonly status: "accepted" | "repeated";
}

/** The largest note of a heartbeat, in bytes of JSON as the database writes it. */
export const MAX_NOTE_BYTES = 1024;

/** The workflow that asks, where an approval may still be decided; stores nothing. */
export async function lookAtApproval(
  answerer: WaitAnswerer,
  ticket: ApprovalTicket,
): Promise<Pick<AnswerWaitAnswer, "workflow" | "version">> {
  return ask(answerer, ticket, { ...requestOf(ticket), look: true });
}

/**
 * Stores the choice of a ticket; the first one counts.
 *
 * Throws WaitOverError, RunNotFoundError or MailboxFullError; nothing is stored then.
 */
export function decide(answerer: WaitAnswerer, ticket: ApprovalTicket, { by, comment }: Decision): Promise<AcceptedAnswer> {
  return ask(answerer, ticket, { ...requestOf(ticket), body: { decision: ticket.choice, by, comment } });
}

/**
 * Stores the output of a callback; the first answer to an attempt counts.
 *
 * Throws as `decide`, and InvalidAnswerError for an output that its node does not take, as far as
 * this code knows the workflow.
 */
export async function complete(answerer: WaitAnswerer, ticket: CallbackTicket, output: Json): Promise<AcceptedAnswer> {
  const request = { ...requestOf(ticket), body: { output } };
  refuseLarge(ticket, request.body, MAX_SIGNAL_BYTES);
  const { status, ...about } = await ask(answerer, ticket, { ...request, look: true });
  if (status === "repeated") return { status };
  const issues = await refuseOutput(answerer.workflows, about, ticket.path, output);
  if (issues.length > 0) throw new InvalidAnswerError(ticket.run, ticket.path, issues);
  return ask(answerer, ticket, request);
}

/** Stores that an attempt of a callback failed. Throws as `decide`. */
export function fail(
  answerer: WaitAnswerer,
  ticket: CallbackTicket,
  { name, message, retryable }: CallbackFailure,
): Promise<AcceptedAnswer> {
  const body = { error: { name, message }, retryable };
  refuseLarge(ticket, body, MAX_SIGNAL_BYTES);
  return ask(answerer, ticket, { ...requestOf(ticket), body });
}

/** Says that somebody still works on it; the last note counts. Throws as `decide`. */
export function beat(answerer: WaitAnswerer, ticket: CallbackTicket, note: Json): Promise<AcceptedAnswer> {
  refuseLarge(ticket, note, MAX_NOTE_BYTES);
  const { beat: name } = namesOf(ticket.path, ticket.attempt);
  return ask(answerer, ticket, { ...requestOf(ticket), name, body: { note }, replaces: true });
}

/** Under which name an answer is stored: one for each time that somebody was asked. */
function requestOf(ticket: Ticket): AnswerWaitRequest {
  const { run, path } = ticket;
  return ticket.kind === "approval"
    ? { run, path, name: decisionName(path, ticket.generation), generation: ticket.generation }
    : { run, path, name: namesOf(path, ticket.attempt).answer, attempt: ticket.attempt };
}

type Taken = AcceptedAnswer & Pick<AnswerWaitAnswer, "workflow" | "version">;

async function ask(answerer: WaitAnswerer, { run, path }: Ticket, request: AnswerWaitRequest): Promise<Taken> {
  const { status, woken, ended, ...about } = await repeatCall(answerer, (options) => answerer.queue.answerWait(request, options));
  if (status === "unknown") throw new RunNotFoundError(run);
  if (status === "full") throw new MailboxFullError({ run });
  if (status !== "accepted" && status !== "repeated") throw new WaitOverError(run, path, status, ended);
  if (woken) await answerer.nudge?.(1);
  return { status, ...about };
}

function refuseLarge({ run, path }: Ticket, body: Json, maxBytes: number): void {
  const bytes = jsonbBytes(body);
  if (bytes <= maxBytes) return;
  const issues: SchemaIssue[] = [issue("", `it is ${bytes} bytes of JSON as the database writes it, more than ${maxBytes}`)];
  throw new InvalidAnswerError(run, path, issues);
}
