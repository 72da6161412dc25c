/**
 * The public door for producers: enqueue runs, look at them, wait for them.
 *
 * ```ts
 * import { createClient } from "./shared/client.ts";
 * import type { fulfilOrder } from "./shared/workflows/fulfil-order.ts";
 *
 * await using client = createClient({ url: process.env.DATABASE_URL });
 * const { id } = await client.enqueue<typeof fulfilOrder>(
 *   { name: "fulfil-order", version: 1 },
 *   { orderId: "o-1", amountCents: 1250 },
 * );
 * const run = await client.wait<typeof fulfilOrder>(id, { timeout: "1 minute" });
 * ```
 */
import { connect, type Driver } from "./db/connect.ts";
import type { Database } from "./db/database.ts";
import { runRepository } from "./db/run-repository.ts";
import type { Duration } from "./domain/duration.ts";
import type { Json, JsonObject } from "./domain/json.ts";
import type { Logger } from "./domain/node.ts";
import { queueOf } from "./domain/queue.ts";
import { redactSecrets, type Redact } from "./domain/redact.ts";
import type { AcceptedRun } from "./domain/protocol.ts";
import type { AnyWorkflow, AttributesOf, InputOf, OutputOf, ParsedInputOf, WorkflowRef } from "./domain/workflow-types.ts";
import { canonicalHash } from "./engine/produce/canonical-hash.ts";
import type { RunView } from "./engine/operate/describe-run.ts";
import { listRuns, type Lister, type RunPage } from "./engine/operate/control-runs.ts";
import { readFilter, type RunFilter } from "./engine/operate/run-filter.ts";
import { draftRuns, type RunTarget } from "./engine/produce/draft-runs.ts";
import { enqueueRuns, type Producer } from "./engine/produce/enqueue-runs.ts";
import { findRun, type Reader } from "./engine/operate/find-run.ts";
import { systemClock } from "./engine/ports.ts";
import { InvalidRunError } from "./engine/producer-errors.ts";
import { maskedLogger } from "./engine/poll/masked-logger.ts";
import { sendSignal, type Sender } from "./engine/produce/send-signal.ts";
import { RunIds } from "./engine/produce/run-ids.ts";
import { idempotencyKeyPattern, idempotencyKeyRule, type RunRequest } from "./engine/produce/run-settings.ts";
import { waitForRun } from "./engine/operate/wait-for-run.ts";

export type { AcceptedRun } from "./domain/protocol.ts";
export type { AttemptView, MoreSteps, RunView, StepView, WaitingView } from "./engine/operate/describe-run.ts";
export type { RunRequest } from "./engine/produce/run-settings.ts";
export type { RunPage, RunSummary } from "./engine/operate/control-runs.ts";
export type { RunFilter } from "./engine/operate/run-filter.ts";
export {
  DatabaseBusyError,
  DatabaseConfigurationError,
  DatabaseRefusedError,
  DatabaseUnknownOutcomeError,
  OlderSchemaError,
} from "./db/database.ts";
export {
  IdempotencyConflictError,
  InputTooLargeError,
  InvalidFilterError,
  InvalidRunError,
  InvalidSignalError,
  MailboxFullError,
  RunNotFoundError,
  WaitTimeoutError,
  WrongStatusError,
} from "./engine/producer-errors.ts";

/**
 * What a run is found by, when and how soon it starts, and the key that makes its repeat harmless:
 * a `RunRequest` without its input.
 */
export type EnqueueOptions<Attributes = JsonObject> = Omit<RunRequest<unknown, Attributes>, "input">;

/** What holds for a call as a whole. */
export interface RequestOptions {
  /** Makes a repeat of the call give the same runs again, for 7 days. */
  readonly idempotencyKey?: string | undefined;
  /** What the key stands for. Default: the runs. */
  readonly body?: Json | undefined;
}

/** What holds for one signal. */
export interface SignalOptions {
  /** Makes a repeat harmless, for 7 days. Default: one of its own. */
  readonly id?: string | undefined;
}

/** A reference takes no part in overloads for workflows, whose inputs are parsed. */
type Ref<W extends AnyWorkflow> = WorkflowRef<W> & { readonly input?: never };

/**
 * Enqueues and reads runs. Every call is repeated up to four times, within 10 seconds, while the
 * database does not answer, which never makes a second run; then it throws DatabaseBusyError or
 * DatabaseUnknownOutcomeError.
 *
 * A workflow given as a value parses the input with its schema. Given as `{ name, version }` with
 * the type in the call, as in `enqueue<typeof fulfilOrder>(…)`, the input is typed as what the
 * handlers see, and at run time it is only checked to be JSON.
 */
export interface Client extends AsyncDisposable {
  /** Stores one run. Throws InvalidRunError, InputTooLargeError or IdempotencyConflictError. */
  enqueue<W extends AnyWorkflow>(
    workflow: Ref<W>,
    input: ParsedInputOf<W>,
    options?: EnqueueOptions<AttributesOf<W>>,
  ): Promise<AcceptedRun>;
  enqueue<W extends AnyWorkflow>(workflow: W, input: InputOf<W>, options?: EnqueueOptions<AttributesOf<W>>): Promise<AcceptedRun>;
  /** Stores 1 to 1,000 runs, all or none, and answers in their order. */
  enqueueMany<W extends AnyWorkflow>(
    workflow: Ref<W>,
    runs: readonly RunRequest<ParsedInputOf<W>, AttributesOf<W>>[],
    options?: RequestOptions,
  ): Promise<readonly AcceptedRun[]>;
  enqueueMany<W extends AnyWorkflow>(
    workflow: W,
    runs: readonly RunRequest<InputOf<W>, AttributesOf<W>>[],
    options?: RequestOptions,
  ): Promise<readonly AcceptedRun[]>;
  /**
   * Sends a signal to a run, which a node of it takes, now or when it comes to wait for it. Given
   * `workflows`, the client checks the payload by the schemas of their nodes. Throws
   * InvalidSignalError, RunNotFoundError, WrongStatusError where the run has ended,
   * MailboxFullError, or IdempotencyConflictError; nothing is stored then.
   */
  signal(id: string, name: string, payload: unknown, options?: SignalOptions): Promise<{ readonly status: "accepted" | "repeated" }>;
  /**
   * Sends a signal by a business key: to the run that waits by it, or did, and where none has yet,
   * it is kept for 7 days for the one that will. Throws as `signal` does; WrongStatusError for the
   * 7 days after the run has ended.
   */
  signalKey(
    workflow: string,
    name: string,
    key: string,
    payload: unknown,
    options?: SignalOptions,
  ): Promise<{ readonly status: "accepted" | "repeated"; readonly run: string | null }>;
  /** The run, or null when there is none with this id. */
  get(id: string): Promise<RunView | null>;
  get<W extends AnyWorkflow>(id: string): Promise<RunView<ParsedInputOf<W>, OutputOf<W>, AttributesOf<W>> | null>;
  /**
   * The run once it is done, failed or cancelled: see its status. Throws RunNotFoundError, or
   * WaitTimeoutError when the time is over.
   */
  wait(id: string, options: { readonly timeout: Duration }): Promise<RunView>;
  wait<W extends AnyWorkflow>(
    id: string,
    options: { readonly timeout: Duration },
  ): Promise<RunView<ParsedInputOf<W>, OutputOf<W>, AttributesOf<W>>>;
  /**
   * A page of runs, newest first. It looks at 20,000 runs at most: ask with its cursor while there
   * may be more. Throws InvalidFilterError. The login must be a reader's or an operator's.
   */
  list(filter?: RunFilter): Promise<RunPage>;
  /** Closes the connection that the client opened; one that it was given stays open. */
  close(): Promise<void>;
}

/** Where the runs are kept: a connection string, or a database that is already open. */
export type ClientDatabase =
  | {
      readonly url: string;
      readonly driver?: Driver | undefined;
      readonly neonEndpoint?: string | undefined;
      readonly schema?: string | undefined;
    }
  | { readonly database: Database };

export interface ClientSettings {
  /**
   * The workflows whose nodes `get` lists also before they have run, and whose signals are checked
   * before they are sent. Default: only what has run is listed, and any signal is sent.
   */
  readonly workflows?: readonly AnyWorkflow[];
  /**
   * Called after runs that are due soon were stored, to wake so many pollers of a queue, "default"
   * where the workflow names none. Its failure is logged. Default: the schedule finds them.
   */
  readonly nudge?: (pollers: number, queue?: string) => Promise<void>;
  /**
   * Whether the pollers stand behind an idle gate, so that runs for later need a nudge too (default
   * false).
   */
  readonly idleGate?: boolean;
  /** Whether errors of runs are shown with their stacks (default true). */
  readonly stacks?: boolean;
  /**
   * Masks the errors of runs before they are shown, and the client's own log lines. Default:
   * `redactSecrets`.
   */
  readonly redact?: Redact;
  /** Default: the console. */
  readonly logger?: Logger;
  /**
   * This machine's clock, for the time in ids (default Date.now). A wrong one is noticed and
   * corrected.
   */
  readonly now?: () => number;
}

/** Makes a client; nothing is sent before its first call. */
export function createClient(options: ClientDatabase & ClientSettings): Client {
  const opened = "database" in options ? undefined : connect(options);
  const runs = runRepository("database" in options ? options.database : opened!);
  const { stacks = true, redact = redactSecrets, workflows = [], nudge, idleGate = false, now = Date.now } = options;
  const logger = maskedLogger(options.logger ?? console, redact);
  const caller = { clock: systemClock, random: Math.random, logger };
  const producer: Producer = { ...caller, queue: runs, ids: new RunIds(now), nudge, idleGate };
  const sender: Sender = { ...caller, queue: runs, workflows, nudge };
  const reader: Reader & Lister = { ...caller, runs, stacks, redact, nodesOf: (name, version) => nodesOf(workflows, name, version) };
  const enqueueMany = (target: RunTarget, requests: readonly RunRequest[], request?: RequestOptions) =>
    enqueueAll(producer, now(), target, requests, request);
  const close = async () => opened?.[Symbol.asyncDispose]();
  return {
    enqueue: async (target: RunTarget, input: unknown, settings?: EnqueueOptions) =>
      (await enqueueMany(target, [{ ...settings, input }]))[0]!,
    enqueueMany,
    signal: async (run: string, name: string, payload: unknown, { id }: SignalOptions = {}) => {
      const { status } = await sendSignal(sender, { to: { run }, name, payload, id });
      return { status };
    },
    signalKey: (workflow: string, name: string, key: string, payload: unknown, { id }: SignalOptions = {}) =>
      sendSignal(sender, { to: { workflow, key }, name, payload, id }),
    get: (id: string) => findRun(reader, id),
    wait: (id: string, { timeout }: { readonly timeout: Duration }) => waitForRun(reader, id, timeout),
    list: async (filter: RunFilter = {}) => listRuns(reader, readFilter(filter)),
    close,
    [Symbol.asyncDispose]: close,
  } as Client;
}

async function enqueueAll(
  producer: Producer,
  now: number,
  target: RunTarget,
  requests: readonly RunRequest[],
  request: RequestOptions = {},
) {
  const { idempotencyKey: key, body = requests } = request;
  const drafts = await draftRuns(target, requests, now);
  const queue = queueOf({ on: target.on, nodes: target.nodes ?? [] }, 0);
  if (key === undefined) return enqueueRuns(producer, drafts, undefined, queue);
  if (!idempotencyKeyPattern.test(key)) {
    throw new InvalidRunError(target.name, [{ run: 0, pointer: "/idempotencyKey", message: idempotencyKeyRule }]);
  }
  return enqueueRuns(producer, drafts, { workflow: target.name, key, hash: canonicalHash(body) }, queue);
}

function nodesOf(workflows: readonly AnyWorkflow[], name: string, version: number): readonly string[] | undefined {
  const found = workflows.find((workflow) => workflow.name === name && workflow.version === version);
  return found?.nodes.map((node) => node.name);
}
