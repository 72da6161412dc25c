import type { ErrorRecord } from "../../domain/errors.ts";
import type { Json } from "../../domain/json.ts";
import type { CheckpointFacts, RunFacts } from "../../domain/run-protocol.ts";
import { shownError, utc, type DescribeOptions } from "./run-format.ts";

export type StepStatus = "pending" | "running" | "waiting" | "done" | "failed" | "skipped";

/** One finished attempt of a node; finishedAt is null while a sleep lasts. */
export interface AttemptView {
  readonly number: number;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly error: ErrorRecord | null;
}

export interface StepView {
  readonly name: string;
  readonly status: StepStatus;
  readonly output: Json;
  readonly attempts: readonly AttemptView[];
}

/**
 * Every node of the chain in order, then whatever was stored under a name that the chain does not
 * have.
 */
export function describeSteps(facts: RunFacts, chain: readonly string[], options: DescribeOptions): StepView[] {
  const names = [...new Set([...chain, ...facts.checkpoints.map(({ node }) => node), ...facts.failures.map(({ node }) => node)])];
  const checkpoints = new Map(facts.checkpoints.map((checkpoint) => [checkpoint.node, checkpoint]));
  const isDone = (name: string) => checkpoints.has(name) && !isAsleep(facts, checkpoints.get(name)!);
  const current = names.find((name) => !isDone(name));
  return names.map((name) => {
    const checkpoint = checkpoints.get(name);
    return {
      name,
      status: isDone(name) ? "done" : name === current ? currentStatus(facts, name) : isOver(facts) ? "skipped" : "pending",
      output: checkpoint !== undefined && isDone(name) ? checkpoint.output : null,
      attempts: attemptsOf(facts, name, checkpoint, options),
    };
  });
}

/**
 * A sleep's checkpoint is stored when it begins; it lasts until the checkpoint's end, or was cut
 * short by the end of the run.
 */
export function isAsleep(facts: RunFacts, checkpoint: CheckpointFacts): boolean {
  // As shown, because a time that JavaScript cannot read is neither before nor after any other.
  return Date.parse(utc(checkpoint.finished_at)) > Date.parse(utc(facts.finished_at ?? facts.moment));
}

/**
 * The status of the first node that is not done, which is that of the run, but for a node that
 * nobody has begun.
 */
function currentStatus(facts: RunFacts, name: string): StepStatus {
  if (facts.status === "failed") return "failed";
  if (isOver(facts)) return "skipped";
  if (facts.status === "running") return "running";
  return facts.status === "waiting" && hasBegun(facts, name) ? "waiting" : "pending";
}

function hasBegun(facts: RunFacts, name: string): boolean {
  return [...facts.checkpoints, ...facts.failures].some(({ node }) => node === name);
}

function isOver(facts: RunFacts): boolean {
  return facts.finished_at !== null;
}

function attemptsOf(facts: RunFacts, name: string, checkpoint: CheckpointFacts | undefined, options: DescribeOptions): AttemptView[] {
  const failed = facts.failures
    .filter(({ node }) => node === name)
    .map((failure) => ({
      number: failure.attempt,
      startedAt: utc(failure.started_at),
      finishedAt: utc(failure.finished_at),
      error: shownError(failure.error, options),
    }));
  if (checkpoint === undefined) return failed;
  const finishedAt = isAsleep(facts, checkpoint) ? null : utc(checkpoint.finished_at);
  return [...failed, { number: checkpoint.attempt, startedAt: utc(checkpoint.started_at), finishedAt, error: null }];
}
