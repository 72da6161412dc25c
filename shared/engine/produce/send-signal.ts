import { randomUUID } from "node:crypto";
import { validate } from "uuid";
import { keyPattern, keyRule } from "../../domain/address.ts";
import { DatabaseRefusedError } from "../../domain/database-errors.ts";
import { checkJson, NotJsonError, type Json } from "../../domain/json.ts";
import { jsonbBytes } from "../../domain/jsonb-bytes.ts";
import { namePattern, nameRule } from "../../domain/name.ts";
import type { SignalAnswer, SignalRequest, SignalTarget } from "../../domain/mail-protocol.ts";
import type { AnyWorkflow } from "../../domain/workflow-types.ts";
import type { Caller } from "../ask.ts";
import { IdempotencyConflictError, InvalidSignalError, MailboxFullError, RunNotFoundError, WrongStatusError } from "../producer-errors.ts";
import { repeatCall } from "../repeat-call.ts";
import { issue, type SchemaIssue } from "../schema-issues.ts";
import { idempotencyKeyPattern, idempotencyKeyRule } from "./run-settings.ts";
import { refusalsOf, versionsOf, type Refusal } from "./signal-refusals.ts";

/** What sending signals needs. */
export interface Sender extends Caller {
  readonly queue: { signal(request: SignalRequest, options: { readonly timeoutMs: number }): Promise<SignalAnswer> };
  /** Their nodes say which payloads are refused at the door. */
  readonly workflows: readonly AnyWorkflow[];
  readonly nudge?: ((pollers: number) => Promise<void>) | undefined;
}

/** A signal, as somebody sends it. */
export interface Signal {
  readonly to: SignalTarget;
  readonly name: string;
  readonly payload: unknown;
  /** The same id sends the same signal, for 7 days. */
  readonly id?: string | undefined;
}

/** What became of a signal. */
export interface Sent {
  readonly status: "accepted" | "repeated";
  /** To which run it goes; null: it is kept for the one that will have the key. */
  readonly run: string | null;
}

/** The largest payload, in bytes of JSON as the database writes it. */
export const MAX_SIGNAL_BYTES = 64 * 1024;

/**
 * Stores a signal for a run, which a node of it takes, now or when it waits for it, and wakes a
 * poller where one does. By a business key it goes to the run that has it, or is kept for the first
 * one that will.
 *
 * Throws InvalidSignalError, RunNotFoundError, WrongStatusError where the run has ended,
 * MailboxFullError, and IdempotencyConflictError where the id is that of another signal; nothing is
 * stored then.
 */
export async function sendSignal(sender: Sender, signal: Signal): Promise<Sent> {
  const { to, name, id = randomUUID() } = signal;
  const body = readPayload(signal);
  if ("run" in to && !validate(to.run)) throw new RunNotFoundError(to.run);
  const refusals = await refusalsOf(sender.workflows, to, name, body);
  if (!("run" in to) && refusals.length > 0 && refusals.length === versionsOf(sender.workflows, to).length)
    throw new InvalidSignalError(to, name, refusals.at(-1)!.issues);
  const refused = refusals.map(({ workflow, version }) => ({ workflow, version }));
  const request = { ...to, name, body, id, checked: true, ...(refused.length > 0 && { refused }) } as const;
  const answer = await repeatCall(sender, (options) => sender.queue.signal(request, options)).catch((thrown: unknown) => {
    throw isConflict(thrown) ? new IdempotencyConflictError(undefined) : thrown;
  });
  const sent = sentOf(signal, answer, refusals);
  if (answer.woken) await sender.nudge?.(1);
  return sent;
}

function isConflict(thrown: unknown): boolean {
  return thrown instanceof DatabaseRefusedError && thrown.sqlstate === "BT011";
}

function sentOf({ to, name }: Signal, answer: SignalAnswer, refusals: readonly Refusal[]): Sent {
  const { status, workflow, version } = answer;
  const run = "run" in to ? to.run : (answer.run ?? null);
  if (status === "unknown") throw new RunNotFoundError(String(run));
  if (status === "ended") throw new WrongStatusError(String(run), "over", "nothing waits for a signal any more");
  if (status === "full") throw new MailboxFullError(run === null ? to : { run });
  if (status === "refused") {
    const refusal = refusals.find((each) => each.workflow === workflow && each.version === version);
    throw new InvalidSignalError(to, name, refusal?.issues ?? []);
  }
  return { status, run };
}

function readPayload({ to, name, payload, id }: Signal): Json {
  const issues: SchemaIssue[] = [];
  if (!namePattern.test(name)) issues.push(issue("/name", nameRule));
  if ("key" in to && !keyPattern.test(to.key)) issues.push(issue("/key", keyRule));
  if (id !== undefined && !idempotencyKeyPattern.test(id)) issues.push(issue("/id", idempotencyKeyRule));
  const body = bodyOf(payload, issues);
  if (issues.length > 0) throw new InvalidSignalError(to, name, issues);
  return body;
}

function bodyOf(payload: unknown, issues: SchemaIssue[]): Json {
  try {
    const body = checkJson(payload, { refuseMinusZero: true });
    const bytes = jsonbBytes(body);
    if (bytes > MAX_SIGNAL_BYTES)
      issues.push(issue("", `it is ${bytes} bytes of JSON as the database writes it, more than ${MAX_SIGNAL_BYTES}`));
    return body;
  } catch (thrown) {
    if (!(thrown instanceof NotJsonError)) throw thrown;
    issues.push(issue(thrown.pointer, thrown.reason));
    return null;
  }
}
