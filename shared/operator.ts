/**
 * The door for operators: find runs, steer them, and make reports, over the database itself.
 *
 * ```ts
 * import { createOperator } from "pgbaton/operator";
 *
 * await using operator = createOperator({ url: process.env.DATABASE_URL!, by: "night shift" });
 * const { runs } = await operator.list({ status: "failed", limit: 100 });
 * for (const { id } of runs) await operator.redrive(id);
 * ```
 */
import { connect } from "./db/connect.ts";
import { type Report, makeReport } from "./db/report-repository.ts";
import { runRepository } from "./db/run-repository.ts";
import type { JsonObject } from "./domain/json.ts";
import { redactSecrets } from "./domain/redact.ts";
import { readReportRequest, type ReportName } from "./domain/reports.ts";
import type { LifeRequest } from "./domain/life-protocol.ts";
import type { ClientDatabase, ClientSettings } from "./client.ts";
import { changeAttributes } from "./engine/operate/change-attributes.ts";
import { cancelRun, deleteRun, listRuns, redriveRun, type RunPage } from "./engine/operate/control-runs.ts";
import type { RunView } from "./engine/operate/describe-run.ts";
import { findRun } from "./engine/operate/find-run.ts";
import { type ChildFilter, type ChildPage, listChildren, readChildFilter } from "./engine/operate/list-children.ts";
import { listSteps, readStepFilter, type StepFilter, type StepPage } from "./engine/operate/list-steps.ts";
import { listUnclaimed, readUnclaimedFilter, type UnclaimedFilter, type UnclaimedPage } from "./engine/operate/list-unclaimed.ts";
import { listWorkflows, type WorkflowPage } from "./engine/operate/list-workflows.ts";
import { maskedLogger } from "./engine/poll/masked-logger.ts";
import { systemClock } from "./engine/ports.ts";
import { readFilter, type RunFilter } from "./engine/operate/run-filter.ts";
import { type FoundPage, searchRuns } from "./engine/operate/search-runs.ts";

export type { RunFilter } from "./engine/operate/run-filter.ts";
export type { RunPage, RunSummary } from "./engine/operate/control-runs.ts";
export type { ChildFilter, ChildPage, ChildSummary } from "./engine/operate/list-children.ts";
export type { FollowingView, MoreSteps, ParentView, RunView, StepView } from "./engine/operate/describe-run.ts";
export type { StepFilter, StepPage } from "./engine/operate/list-steps.ts";
export type { UnclaimedFilter, UnclaimedPage, UnclaimedSignals } from "./engine/operate/list-unclaimed.ts";
export type { WorkflowCounts } from "./domain/run-protocol.ts";
export type { WorkflowPage } from "./engine/operate/list-workflows.ts";
export type { FoundPage, FoundSummary } from "./engine/operate/search-runs.ts";
export type { Report } from "./db/report-repository.ts";
export type { ReportName } from "./domain/reports.ts";
export { ReportTimeoutError } from "./db/report-repository.ts";
export { AttributesTooLargeError } from "./domain/attributes.ts";
export { NotJsonError } from "./domain/json.ts";
export { InvalidReportError, UnknownReportError } from "./domain/reports.ts";
export { InvalidFilterError, RunNotFoundError, UndoBegunError, WrongStatusError } from "./engine/producer-errors.ts";
export { SearchMissingError, UnsearchableTextError } from "./engine/operate/search-runs.ts";

/** What an operator is told of itself. */
export interface OperatorSettings extends Pick<ClientSettings, "logger" | "nudge" | "redact" | "stacks"> {
  /** Who acts, for the audit. Default: the login's name. */
  readonly by?: string | undefined;
}

/** Which life of a run is meant. */
export interface Life {
  /** How often it had been redriven. Default: as it is when the call is made. */
  readonly redrives?: number | undefined;
}

/** How a run is cancelled. */
export interface Cancel extends Life {
  /**
   * What it has done is undone before it ends; it is `cancelling` until then. Default: it just
   * ends.
   */
  readonly undo?: boolean | undefined;
}

/** What became of a run. */
export interface Steered {
  readonly id: string;
  readonly status: string;
}

/**
 * Finds runs and steers them. Every call may be repeated, and is, up to four times within 10
 * seconds, while the database does not answer. The login is one of an operator, or the owner's;
 * a reader's may list, count and report.
 */
export interface Operator extends AsyncDisposable {
  /** The run, or null when there is none with this id. */
  get(id: string): Promise<RunView | null>;
  /**
   * A page of what stands right below a node of a run, such as the items of a map; null when there
   * is no such run. Throws InvalidFilterError.
   */
  steps(id: string, filter: StepFilter): Promise<StepPage | null>;
  /**
   * A page of the runs that a run has started, by the nodes that did; null when there is no such
   * run. Throws InvalidFilterError.
   */
  children(id: string, filter?: ChildFilter): Promise<ChildPage | null>;
  /** A page of runs, newest first. Throws InvalidFilterError. */
  list(filter?: RunFilter): Promise<RunPage>;
  /** Up to 10 workflows, by name, with how many runs are in each status. */
  workflows(page?: { readonly version?: number; readonly limit?: number; readonly cursor?: string }): Promise<WorkflowPage>;
  /**
   * A page of the keys by which signals were sent that no run has waited for yet. Throws
   * InvalidFilterError.
   */
  listUnclaimed(filter?: UnclaimedFilter): Promise<UnclaimedPage>;
  /**
   * Runs whose failures or attributes say a text, best first. Throws SearchMissingError where the
   * database was migrated without search, and UnsearchableTextError.
   */
  search(text: string, page?: { readonly limit?: number; readonly cursor?: string }): Promise<FoundPage>;
  /**
   * Asks a run to stop: `cancelled` at once where it waits, `cancelling` where a poller works on
   * it. Throws RunNotFoundError, WrongStatusError when it has ended, or UndoBegunError when it is
   * being undone.
   */
  cancel(id: string, how?: Cancel): Promise<Steered>;
  /**
   * Lets a failed run go on. Throws RunNotFoundError, WrongStatusError when it has not failed, or
   * UndoBegunError when what it had done was undone.
   */
  redrive(id: string, life?: Life): Promise<Steered>;
  /**
   * Changes attributes key by key; null takes one away. Throws NotJsonError,
   * AttributesTooLargeError or RunNotFoundError.
   */
  changeAttributes(id: string, patch: JsonObject): Promise<{ readonly id: string; readonly attributes: JsonObject }>;
  /** Removes an ended run. Throws RunNotFoundError, or WrongStatusError when it has not ended. */
  delete(id: string): Promise<Steered>;
  /**
   * Rows of a report; options as in docs/reports.md. Throws UnknownReportError, InvalidReportError,
   * or ReportTimeoutError after a minute.
   */
  report<Name extends ReportName>(name: Name, options?: Readonly<Record<string, string>>): Promise<Report<Name>>;
  /** Closes the connection that the operator opened; one that it was given stays open. */
  close(): Promise<void>;
}

const reportLimitMs = 60_000;

/** Makes an operator; nothing is sent before its first call. */
export function createOperator(options: ClientDatabase & OperatorSettings): Operator {
  const opened = "database" in options ? undefined : connect(options);
  const database = "database" in options ? options.database : opened!;
  const { redact = redactSecrets, stacks = true, nudge = async () => undefined, by } = options;
  const logger = maskedLogger(options.logger ?? console, redact);
  const context = { runs: runRepository(database), logger, nudge, clock: systemClock, random: Math.random };
  const life = ({ redrives }: Life): LifeRequest => ({ ...(redrives !== undefined && { redrives }), ...(by !== undefined && { by }) });
  const close = async () => opened?.[Symbol.asyncDispose]();
  return {
    get: (id) => findRun({ ...context, stacks, redact, nodesOf: () => undefined }, id),
    steps: async (id, filter) => listSteps({ ...context, stacks, redact }, id, readStepFilter(filter)),
    children: async (id, filter = {}) => listChildren(context, id, readChildFilter(filter)),
    list: async (filter = {}) => listRuns(context, readFilter(filter)),
    workflows: ({ version, limit = 10, cursor: after } = {}) =>
      listWorkflows(context, { limit, ...(after !== undefined && { after }), ...(version !== undefined && { version }) }),
    listUnclaimed: async (filter = {}) => listUnclaimed(context, readUnclaimedFilter(filter)),
    search: (text, { limit = 20, cursor: before } = {}) =>
      searchRuns({ ...context, redact }, { text, limit, ...(before !== undefined && { before }) }),
    cancel: (id, how = {}) => cancelRun(context, id, { ...life(how), ...(how.undo === true && { undo: true as const }) }),
    redrive: (id, which = {}) => redriveRun(context, id, life(which)),
    changeAttributes: (id, patch) => changeAttributes(context, id, patch, by),
    delete: (id) => deleteRun(context, id, { ...(by !== undefined && { by }) }),
    report: async <Name extends ReportName>(name: Name, given: Readonly<Record<string, string>> = {}) =>
      makeReport(database, readReportRequest(name, given) as Parameters<typeof makeReport<Name>>[1], reportLimitMs),
    close,
    [Symbol.asyncDispose]: close,
  };
}
