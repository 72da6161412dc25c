import type { ErrorRecord } from "../../domain/errors.ts";
import type { Json } from "../../domain/json.ts";
import type { HiddenFacts, StepFacts, StepStatus } from "../../domain/run-protocol.ts";
import { isAsleep, isSkipped, statusOfPart, storedAt } from "./part-status.ts";
import { shownError, utc, type DescribeOptions } from "./run-format.ts";
import { countsParts, partsOf, SHOWN, type Place } from "./step-tree.ts";
import { statusesOfChain } from "./chain-status.ts";

/** One finished attempt of a node; finishedAt is null while a sleep lasts. */
export interface AttemptView {
  readonly number: number;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly error: ErrorRecord | null;
}

/** A node, or a part of one: an item of a map, a pass, a branch, a memo. */
export interface StepView {
  /** The end of the path. */
  readonly name: string;
  /** From the node of the chain down, such as `renditions/00017/encode`. */
  readonly path: string;
  readonly status: StepStatus;
  /** Null also for what has its outputs below it. */
  readonly output: Json;
  /** Its size in bytes of JSON, where the answer has no room for it. */
  readonly outputBytes?: number;
  readonly attempts: readonly AttemptView[];
  /** What stands below it, at most 100, where something does. */
  readonly children?: readonly StepView[];
  /** What else stands below it. */
  readonly more?: MoreSteps;
}

/** Steps that are not shown one by one. */
export interface MoreSteps {
  /** How many they are, by status. */
  readonly counts: Readonly<Partial<Record<StepStatus, number>>>;
  /** Where they are listed. */
  readonly link: string;
}

export type { StepStatus } from "../../domain/run-protocol.ts";

/** Of which run steps are described, and how. */
export interface StepsOf {
  readonly id: string;
  readonly facts: StepFacts;
  readonly options: DescribeOptions;
}

/**
 * Every node of the chain in order, then whatever was stored under a name that the chain does not
 * have.
 */
export function describeSteps(of: StepsOf, root: Place, chain: readonly string[]): StepView[] {
  return statusesOfChain(of.facts, root, chain).map(({ place, status }) => describePlace(of, place, status));
}

/** A part of a node, whose status is known or follows from what is stored of it. */
export function describePart(of: StepsOf, place: Place, isShort: boolean, known?: StepStatus): StepView {
  return describePlace(
    of,
    place,
    known ?? (isSkipped(place) ? "skipped" : statusOfPart(storedAt(place, of.facts), isShort, of.facts.status)),
  );
}

function describePlace(of: StepsOf, place: Place, status: StepStatus): StepView {
  const { checkpoint, name, path } = place;
  const hidden = of.facts.hidden?.find(({ under }) => under === path);
  const children = describeParts(of, place, hidden);
  return {
    name,
    path,
    status,
    output: status === "done" && checkpoint !== undefined && checkpoint.attempt > 0 ? checkpoint.output : null,
    ...(checkpoint?.left_out != null && { outputBytes: checkpoint.left_out }),
    attempts: attemptsOf(of, place),
    ...(children.length > 0 && { children }),
    ...(hidden !== undefined && { more: { counts: hidden.counts, link: linkTo(of.id, path, children.at(-1)?.name) } }),
  };
}

function describeParts(of: StepsOf, place: Place, hidden: HiddenFacts | undefined): StepView[] {
  const parts = partsOf(place, hidden !== undefined).slice(0, hidden === undefined ? undefined : SHOWN);
  const sizes = parts.map((part) => part.parts.size);
  const longest = countsParts(place) ? Math.max(hidden?.size ?? 0, ...sizes) : 0;
  return parts.map((part, nth) => describePart(of, part, sizes[nth]! < longest));
}

function linkTo(id: string, under: string, last: string | undefined): string {
  const query = new URLSearchParams({ under, ...(last !== undefined && { cursor: last }) });
  return `/runs/${id}/steps?${query}`;
}

/** Those of a place, the failed ones first. */
export function attemptsOf({ facts, options }: StepsOf, { checkpoint, failures }: Place): AttemptView[] {
  const failed = failures.map((failure) => ({
    number: failure.attempt,
    startedAt: utc(failure.started_at),
    finishedAt: utc(failure.finished_at),
    error: shownError(failure.error, options),
  }));
  if (checkpoint === undefined || checkpoint.attempt === 0) return failed;
  const finishedAt = isAsleep(facts, checkpoint) ? null : utc(checkpoint.finished_at);
  return [...failed, { number: checkpoint.attempt, startedAt: utc(checkpoint.started_at), finishedAt, error: null }];
}
