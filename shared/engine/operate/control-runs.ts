import type { Caller } from "../ask.ts";
import { validate } from "uuid";
import type { CancelAnswer, CancelRequest, DeleteAnswer, LifeRequest, RedriveAnswer } from "../../domain/life-protocol.ts";
import type { ListAnswer, ListedRun, ListRequest, RunStatus } from "../../domain/run-protocol.ts";
import { RunNotFoundError, UndoBegunError, WrongStatusError } from "../producer-errors.ts";
import { repeatCall } from "../repeat-call.ts";
import { utc } from "./run-format.ts";

interface CallOptions {
  readonly timeoutMs: number;
}

/** What listing runs needs of the database. */
export interface Lister extends Caller {
  readonly runs: { listRuns(request: ListRequest, options: CallOptions): Promise<ListAnswer> };
}

/** What operating runs needs of the database; nudge wakes a poller and does not throw. */
export interface Operator extends Caller {
  readonly runs: Lister["runs"] & {
    redrives(id: string, options: CallOptions): Promise<number | null>;
    cancel(id: string, request: CancelRequest, options: CallOptions): Promise<CancelAnswer | null>;
    redrive(id: string, request: LifeRequest, options: CallOptions): Promise<RedriveAnswer | null>;
    deleteRun(id: string, request: { readonly by?: string }, options: CallOptions): Promise<DeleteAnswer | null>;
    keptUntil(id: string, options: CallOptions): Promise<string | null>;
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

/** A page of runs, newest first. It may be short, or empty, and not the last. */
export interface RunPage {
  readonly runs: readonly RunSummary[];
  /** How far the page has looked, to ask for the next one; null on the last. */
  readonly cursor: string | null;
  /** Whether there may be more. */
  readonly more: boolean;
}

/** Lists runs page by page; `before` is the cursor of the page before. */
export async function listRuns(lister: Lister, request: ListRequest): Promise<RunPage> {
  const oneMore = { ...request, limit: request.limit + 1 };
  const { runs, next } = await repeatCall(lister, (options) => lister.runs.listRuns(oneMore, options));
  const page = runs.slice(0, request.limit);
  const cursor = runs.length > page.length ? page.at(-1)!.id : next;
  return { runs: page.map(summary), cursor, more: cursor !== null };
}

/**
 * Asks a run to stop: `cancelled` at once where it waits, `cancelling` where a poller works on it.
 * Wakes a poller where a hook has started a run. May be repeated.
 *
 * life.redrives says which life of the run is meant: how often it had been redriven. Without it,
 * that is looked up first, once, and every try names it, so that none of them stops a run that
 * somebody redrove meanwhile.
 *
 * life.undo: what it has done is undone before it ends; it is `cancelling` until then.
 *
 * @throws RunNotFoundError, UndoBegunError when it is being undone, or WrongStatusError when it is
 * done or failed, or was redriven since.
 */
export async function cancelRun(operator: Operator, id: string, life: CancelRequest = {}): Promise<{ id: string; status: string }> {
  const { status, undoing, nudge } = await callFor(operator, id, life, (request, options) => operator.runs.cancel(id, request, options));
  if (undoing === true) throw new UndoBegunError(id, status, "it is being undone, which goes on to its end");
  if (nudge === true || (life.undo === true && status === "cancelling")) await operator.nudge(1);
  if (status === "cancelled" || status === "cancelling") return { id, status };
  const ended = status === "done" || status === "failed";
  throw new WrongStatusError(
    id,
    status,
    ended ? "it cannot be cancelled any more" : "it has been redriven another number of times than was meant: look at it and cancel again",
  );
}

/**
 * Lets a failed run go on where it stopped, and wakes a poller. Repeated, it changes nothing and
 * says the status that the run has come to.
 *
 * life.redrives says which failure is meant, as for `cancelRun`.
 *
 * @throws RunNotFoundError, UndoBegunError when it was undone, or WrongStatusError when the run has
 * not failed.
 */
export async function redriveRun(operator: Operator, id: string, life: LifeRequest = {}): Promise<{ id: string; status: string }> {
  const answer = await callFor(operator, id, life, (request, options) => operator.runs.redrive(id, request, options));
  if (answer.undone === true)
    throw new UndoBegunError(id, answer.status, "what it had done was undone, or partly: enqueue a run anew in its place");
  if (!answer.redriven) throw new WrongStatusError(id, answer.status, whyNotRedriven(answer.status));
  await operator.nudge(1);
  return { id, status: answer.changed || answer.status === "unfinished" ? "ready" : answer.status };
}

/**
 * Removes an ended run at once, with everything that is stored of it; the audit alone keeps that it
 * was there. A repeat says the same.
 *
 * @throws RunNotFoundError, or WrongStatusError when the run has not ended.
 */
export async function deleteRun(
  operator: Operator,
  id: string,
  asked: { readonly by?: string } = {},
): Promise<{ id: string; status: string }> {
  const answer = validate(id) ? await repeatCall(operator, (options) => operator.runs.deleteRun(id, asked, options)) : null;
  if (answer === null) throw new RunNotFoundError(id);
  if (answer.deleted) return { id, status: "deleted" };
  throw new WrongStatusError(id, answer.status, "only a run that has ended can be deleted: cancel it first");
}

/** What is known of an id that no run has. */
export async function explainUnknown(operator: Operator, id: string): Promise<string> {
  const until = validate(id) ? await repeatCall(operator, (options) => operator.runs.keptUntil(id, options)) : null;
  if (until === null) return "No run has this id.";
  return `No run has this id. If one had, it was kept until ${utc(until)}: then the retention let go runs of its week.`;
}

function whyNotRedriven(status: string): string {
  const isOther = "it has been redriven another number of times than was meant: look at it and redrive again";
  return status === "failed" ? isOther : "only a failed run can be redriven";
}

async function callFor<Answer>(
  operator: Operator,
  id: string,
  { redrives, ...asked }: CancelRequest,
  call: (request: CancelRequest, options: CallOptions) => Promise<Answer | null>,
): Promise<Answer> {
  if (!validate(id)) throw new RunNotFoundError(id);
  const life = redrives ?? (await repeatCall(operator, (options) => operator.runs.redrives(id, options)));
  const answer = life === null ? null : await repeatCall(operator, (options) => call({ ...asked, redrives: life }, options));
  if (answer === null) throw new RunNotFoundError(id);
  return answer;
}

/** A run of a list as it is shown. */
export function summary({ id, workflow, version, status, created_at, finished_at }: ListedRun): RunSummary {
  return { id, workflow, version, status, createdAt: utc(created_at), finishedAt: finished_at === null ? null : utc(finished_at) };
}
