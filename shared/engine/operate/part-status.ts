import type { CheckpointFacts, FailureFacts, RunStatus, StepFacts, StepStatus } from "../../domain/run-protocol.ts";
import { utc } from "./run-format.ts";
import type { Place } from "./step-tree.ts";

/** What the rows at a path and below say of it. */
export interface Stored {
  readonly begun: boolean;
  /** Something sleeps there, is tried again later, or awaits a child. */
  readonly ahead: boolean;
  /** Something has failed there, not for good, and is not tried again later. */
  readonly open: boolean;
  /** Something has used up its attempts. */
  readonly final: boolean;
}

/**
 * The status of a part of a node, by what is stored of it; isShort: its neighbours have begun more
 * nodes. What runs right now has no row yet: a part of which all that is stored is over is done, as
 * far as can be seen.
 *
 * `sql/functions/list_parts.sql` says the same, where they are too many to be told one by one.
 */
export function statusOfPart({ begun, ahead, open, final }: Stored, isShort: boolean, run: RunStatus): StepStatus {
  if (final) return "failed";
  if (begun && !ahead && !open && (run === "done" || !isShort)) return "done";
  if (hasEnded(run)) return "skipped";
  if (begun && run === "running" && (open || (isShort && !ahead))) return "running";
  return ahead || (open && run === "waiting") ? "waiting" : "pending";
}

/** What is stored at a place and below. */
export function storedAt(place: Place, facts: StepFacts): Stored {
  const own = rowsOf(place);
  const last = unfinished(place, facts);
  const below = [...place.parts.values()].map((part) => countedIn(part, storedAt(part, facts), facts));
  return {
    begun: own.length > 0 || last.length > 0 || below.some(({ begun }) => begun),
    ahead:
      last.some(({ retry_at }) => isAhead(facts, retry_at)) ||
      own.some((row) => isAsleep(facts, row)) ||
      awaitsChild(place, last, facts) ||
      below.some(({ ahead }) => ahead),
    open: last.some((failure) => !isAhead(facts, failure.retry_at) && !isFinal(facts, failure)) || below.some(({ open }) => open),
    final: last.some((failure) => isFinal(facts, failure)) || below.some(({ final }) => final),
  };
}

/**
 * What a part says of what it stands in. An item that has failed for good would have failed the run
 * with it, unless its map tolerates that.
 */
function countedIn({ path, name }: Place, stored: Stored, { status }: StepFacts): Stored {
  const isItem = /^\d{5}$/.test(name) && path.split("/").length % 2 === 0;
  return stored.final && isItem && status !== "failed" ? { ...stored, final: false } : stored;
}

/** The place's own rows, and those of its marks. What is answered waits no longer for a signal. */
export function rowsOf({ checkpoint, marks }: Place): readonly CheckpointFacts[] {
  return checkpoint === undefined ? marks : [...marks.filter((mark) => !isDeadline(mark)), checkpoint];
}

/** It has started a child, whose end is not stored, or items as runs. */
function awaitsChild({ path, checkpoint, marks }: Place, last: readonly FailureFacts[], facts: StepFacts): boolean {
  if (last.some((failure) => isFinal(facts, failure))) return false;
  if (marks.some(({ node }) => /\/~start\/\d{5}$/.test(node)))
    return facts.family?.awaits?.some((awaited) => awaited.path === path) ?? false;
  return checkpoint === undefined && marks.some(({ node }) => /\/~child\/\d{5}$/.test(node));
}

/** Until when a node waits for signals. */
export function isDeadline({ node }: CheckpointFacts): boolean {
  return /\/~until\/\d{5}$/.test(node);
}

/** The last failure at each path of the place that is not over: a plan has begun it, no more. */
export function unfinished(place: Place, facts: StepFacts): FailureFacts[] {
  const over = new Set(rowsOf(place).flatMap(({ node, attempt, output }) => (attempt > 0 || output === null ? [node] : [])));
  const last = new Map(place.failures.map((failure) => [failure.node, failure]));
  return [...last.values()].filter((failure) => !over.has(failure.node) && !isAskedAgain(place, facts, failure));
}

/**
 * A function of its author's threw, as that which plans a map; a redrive forgave it, and what it
 * says by now is stored. Of a handler nothing is but its output.
 */
function isAskedAgain({ checkpoint, marks, parts, path }: Place, facts: StepFacts, failure: FailureFacts): boolean {
  if (failure.retry_at !== null || isFinal(facts, failure)) return false;
  const isDecided = checkpoint !== undefined || marks.some(({ node }) => node === `${path}/~over`);
  return isDecided || [...parts.keys()].some((name) => /^\d{5}$/.test(name));
}

/** It was stored that its condition did not hold. */
export function isSkipped({ checkpoint, parts }: Place): boolean {
  return checkpoint?.attempt === 0 && checkpoint.output === null && parts.size === 0;
}

/** A redrive gives all attempts anew. */
function isFinal({ forgiven }: StepFacts, { node, attempt, retry_at }: FailureFacts): boolean {
  return retry_at === null && attempt > ((forgiven && Object.hasOwn(forgiven, node) ? forgiven[node] : undefined) ?? 0);
}

/**
 * A sleep's checkpoint is stored when it begins; it lasts until the checkpoint's end, or was cut
 * short by the end of the run.
 */
export function isAsleep(facts: StepFacts, checkpoint: CheckpointFacts): boolean {
  return isAhead(facts, checkpoint.finished_at);
}

/** Whether a time comes after what is known of the run. */
export function isAhead(facts: StepFacts, time: string | null): boolean {
  // As shown, because a time that JavaScript cannot read is neither before nor after any other.
  return time !== null && Date.parse(utc(time)) > Date.parse(utc(facts.finished_at ?? facts.moment));
}

export function hasEnded(run: RunStatus): boolean {
  return run === "done" || run === "failed" || run === "cancelled";
}
