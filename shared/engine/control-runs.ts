import { validate } from "uuid";
import type { ListAnswer, ListedRun, ListRequest, RunStatus } from "../domain/protocol.ts";
import { RunNotFoundError, WrongStatusError } from "./producer-errors.ts";
import { repeatCall, type Caller } from "./repeat-call.ts";
import { utc } from "./shown.ts";

interface CallOptions {
  readonly timeoutMs: number;
}

/** What operating runs needs of the database; nudge wakes a poller and does not throw. */
export interface Operator extends Caller {
  readonly runs: {
    listRuns(request: ListRequest, options: CallOptions): Promise<ListAnswer>;
    cancel(id: string, options: CallOptions): Promise<{ status: string } | null>;
    redrive(id: string, options: CallOptions): Promise<{ status: string; redriven: boolean } | null>;
  };
  readonly nudge: (pollers: number) => Promise<void>;
}

/** One line of a list of runs. */
export interface RunSummary {
  readonly id: string;
  readonly workflow: string;
  readonly version: number;
  readonly status: RunStatus;
  readonly createdAt: string;
  readonly finishedAt: string | null;
}

/** A page of runs, newest first; cursor asks for the next page and is null on the last one. A page may be short, or empty, and not the last. */
export interface RunPage {
  readonly runs: readonly RunSummary[];
  readonly cursor: string | null;
}

/** Lists runs page by page; `before` is the cursor of the page before. */
export async function listRuns(operator: Operator, request: ListRequest): Promise<RunPage> {
  const oneMore = { ...request, limit: request.limit + 1 };
  const { runs, next } = await repeatCall(operator, (options) => operator.runs.listRuns(oneMore, options));
  const page = runs.slice(0, request.limit);
  return { runs: page.map(summary), cursor: runs.length > page.length ? page.at(-1)!.id : next };
}

/**
 * Asks a run to stop: `cancelled` at once where it waits, `cancelling` where a poller works on it. May be repeated.
 *
 * @throws RunNotFoundError, or WrongStatusError when it is done or failed.
 */
export async function cancelRun(operator: Operator, id: string): Promise<{ id: string; status: string }> {
  const answer = await callFor(operator, id, (options) => operator.runs.cancel(id, options));
  if (answer.status === "done" || answer.status === "failed")
    throw new WrongStatusError(id, answer.status, "it cannot be cancelled any more");
  return { id, status: answer.status };
}

/**
 * Lets a failed run go on where it stopped, and wakes a poller. Repeated, it changes nothing and says the status that the run has come to.
 *
 * @throws RunNotFoundError, or WrongStatusError when the run has not failed.
 */
export async function redriveRun(operator: Operator, id: string): Promise<{ id: string; status: string }> {
  const { status, redriven } = await callFor(operator, id, (options) => operator.runs.redrive(id, options));
  if (!redriven) throw new WrongStatusError(id, status, "only a failed run can be redriven");
  await operator.nudge(1);
  return { id, status: status === "failed" || status === "unfinished" ? "ready" : status };
}

async function callFor<Answer>(operator: Operator, id: string, call: (options: CallOptions) => Promise<Answer | null>): Promise<Answer> {
  const answer = validate(id) ? await repeatCall(operator, call) : null;
  if (answer === null) throw new RunNotFoundError(id);
  return answer;
}

function summary({ id, workflow, version, status, created_at, finished_at }: ListedRun): RunSummary {
  return { id, workflow, version, status, createdAt: utc(created_at), finishedAt: finished_at === null ? null : utc(finished_at) };
}
