import { randomUUID } from "node:crypto";
import { validate } from "uuid";
import { DatabaseRefusedError } from "../../domain/database-errors.ts";
import { checkJson, NotJsonError, type Json } from "../../domain/json.ts";
import { jsonbBytes } from "../../domain/jsonb-bytes.ts";
import { namePattern, nameRule } from "../../domain/name.ts";
import { signalsOf } from "../../domain/parts.ts";
import type { SignalAnswer, SignalRequest, WorkflowVersion } from "../../domain/protocol.ts";
import type { AnyWorkflow } from "../../domain/workflow-types.ts";
import type { Caller } from "../ask.ts";
import { IdempotencyConflictError, InvalidSignalError, MailboxFullError, RunNotFoundError, WrongStatusError } from "../producer-errors.ts";
import { repeatCall } from "../repeat-call.ts";
import { issue, schemaIssues, sentences, type SchemaIssue } from "../schema-issues.ts";
import { idempotencyKeyPattern, idempotencyKeyRule } from "./run-settings.ts";

/** What sending signals needs. */
export interface Sender extends Caller {
  readonly queue: { signal(request: SignalRequest, options: { readonly timeoutMs: number }): Promise<SignalAnswer> };
  /** Their nodes say which payloads are refused at the door. */
  readonly workflows: readonly AnyWorkflow[];
  readonly nudge?: ((pollers: number) => Promise<void>) | undefined;
}

/** A signal, as somebody sends it. */
export interface Signal {
  readonly run: string;
  readonly name: string;
  readonly payload: unknown;
  /** The same id sends the same signal, for 7 days. */
  readonly id?: string | undefined;
}

/** The largest payload, in bytes of JSON as the database writes it. */
export const MAX_SIGNAL_BYTES = 64 * 1024;

/**
 * Stores a signal for a run, which a node of it takes, now or when it waits for it, and wakes a
 * poller where one does.
 *
 * Throws InvalidSignalError, RunNotFoundError, WrongStatusError where the run has ended,
 * MailboxFullError, and IdempotencyConflictError where the id is that of another signal; nothing is
 * stored then.
 */
export async function sendSignal(sender: Sender, signal: Signal): Promise<{ readonly status: "accepted" | "repeated" }> {
  const { run, name, id = randomUUID() } = signal;
  const body = readPayload(signal);
  if (!validate(run)) throw new RunNotFoundError(run);
  const refusals = await refusalsOf(sender.workflows, name, body);
  const refused = refusals.map(({ workflow, version }) => ({ workflow, version }));
  const request = { run, name, body, id, checked: true, ...(refused.length > 0 && { refused }) } as const;
  const answer = await repeatCall(sender, (options) => sender.queue.signal(request, options)).catch((thrown: unknown) => {
    throw isConflict(thrown) ? new IdempotencyConflictError(undefined) : thrown;
  });
  if (answer.status === "unknown") throw new RunNotFoundError(run);
  if (answer.status === "ended") throw new WrongStatusError(run, "over", "nothing waits for a signal any more");
  if (answer.status === "full") throw new MailboxFullError(run);
  if (answer.status === "refused") throw new InvalidSignalError(run, name, issuesFor(refusals, answer));
  if (answer.woken) await sender.nudge?.(1);
  return { status: answer.status };
}

function isConflict(thrown: unknown): boolean {
  return thrown instanceof DatabaseRefusedError && thrown.sqlstate === "BT011";
}

function readPayload({ run, name, payload, id }: Signal): Json {
  const issues: SchemaIssue[] = [];
  if (!namePattern.test(name)) issues.push(issue("/name", nameRule));
  if (id !== undefined && !idempotencyKeyPattern.test(id)) issues.push(issue("/id", idempotencyKeyRule));
  const body = bodyOf(payload, issues);
  if (issues.length > 0) throw new InvalidSignalError(run, name, issues);
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

interface Refusal extends WorkflowVersion {
  readonly issues: readonly SchemaIssue[];
}

/** The workflows whose runs cannot take it: none of their nodes waits for it, or none so. */
async function refusalsOf(workflows: readonly AnyWorkflow[], name: string, body: Json): Promise<Refusal[]> {
  const all = await Promise.all(workflows.map(async (workflow) => ({ workflow, issues: await issuesOf(workflow, name, body) })));
  return all.flatMap(({ workflow, issues }) => (issues.length > 0 ? [{ workflow: workflow.name, version: workflow.version, issues }] : []));
}

async function issuesOf(workflow: AnyWorkflow, name: string, body: Json): Promise<readonly SchemaIssue[]> {
  const signals = signalsOf(workflow.nodes);
  const schemas = signals.get(name);
  if (schemas === undefined) {
    const known = signals.size === 0 ? "for no signal at all" : `only for ${[...signals.keys()].join(", ")}`;
    return [issue("", `version ${workflow.version} of "${workflow.name}" waits ${known}, not for "${name}"`)];
  }
  const parsed = await Promise.all(schemas.map((schema) => schema.safeParseAsync(body, { error: sentences })));
  return parsed.some(({ success }) => success) ? [] : schemaIssues(parsed[0]!.error!);
}

function issuesFor(refusals: readonly Refusal[], { workflow, version }: Partial<WorkflowVersion>): readonly SchemaIssue[] {
  return refusals.find((refusal) => refusal.workflow === workflow && refusal.version === version)?.issues ?? [];
}
