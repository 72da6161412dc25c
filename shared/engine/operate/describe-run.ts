import type { ErrorRecord } from "../../domain/errors.ts";
import type { Json, JsonObject } from "../../domain/json.ts";
import type { RunFacts, RunStatus } from "../../domain/run-protocol.ts";
import { describeSteps, isAsleep, type StepView } from "./describe-steps.ts";
import { shownError, utc, type DescribeOptions } from "./run-format.ts";

export type { AttemptView, StepStatus, StepView } from "./describe-steps.ts";

/** Why a run is not going on. */
export interface WaitingView {
  readonly for: "retry" | "sleep" | "blocked";
  /** Null for a blocked run, which waits for code that knows it. */
  readonly until: string | null;
  readonly reason: string;
}

/** A run as it is shown. Times are ISO 8601 in UTC. */
export interface RunView<Input = Json, Output = Json, Attributes = JsonObject> {
  readonly id: string;
  readonly workflow: string;
  readonly version: number;
  readonly status: RunStatus;
  readonly input: Input;
  /** What the run is found by, as it is now: each may have been changed or taken away. */
  readonly attributes: Partial<Attributes>;
  /** That of the last node, once the run is done; null until then. */
  readonly output: Output | null;
  /** Why it failed; null unless it has. */
  readonly error: ErrorRecord | null;
  /** Why it is not going on; null unless it waits or is blocked. */
  readonly waiting: WaitingView | null;
  readonly steps: readonly StepView[];
  /**
   * How often the run was redriven; a cancel or a redrive that names it is harmless when it comes
   * late.
   */
  readonly redrives: number;
  /**
   * How often a lease with the run ran out: the poller did not answer in time; it crashed, was
   * frozen, or its event loop was blocked.
   */
  readonly crashes: number;
  readonly createdAt: string;
  readonly finishedAt: string | null;
}

/**
 * Makes the view of a run from its facts; nodes are the names of its workflow's chain, undefined
 * where the code does not know it.
 */
export function describeRun(facts: RunFacts, nodes: readonly string[] | undefined, options: DescribeOptions): RunView {
  const steps = describeSteps(facts, nodes ?? [], options);
  return {
    id: facts.id,
    workflow: facts.workflow,
    version: facts.version,
    status: facts.status,
    input: facts.input,
    attributes: facts.attributes ?? {},
    output: facts.status === "done" ? (facts.checkpoints.at(-1)?.output ?? null) : null,
    error: facts.error === null ? null : shownError(facts.error, options),
    waiting: describeWaiting(facts, steps),
    steps,
    redrives: facts.redrives,
    crashes: facts.crashes,
    createdAt: utc(facts.created_at),
    finishedAt: facts.finished_at === null ? null : utc(facts.finished_at),
  };
}

function describeWaiting(facts: RunFacts, steps: readonly StepView[]): WaitingView | null {
  if (facts.status === "blocked") return { for: "blocked", until: null, reason: facts.blocked ?? "this code does not know the run" };
  if (facts.status !== "waiting") return null;
  const until = facts.run_at === null ? null : utc(facts.run_at);
  const asleep = facts.checkpoints.find((checkpoint) => isAsleep(facts, checkpoint));
  if (asleep !== undefined) return { for: "sleep", until, reason: `"${asleep.node}" sleeps` };
  const retrying = steps.find(({ status }) => status === "waiting");
  if (retrying === undefined) return { for: "sleep", until, reason: "the run was enqueued to start then" };
  return { for: "retry", until, reason: `attempt ${retrying.attempts.at(-1)?.number} of "${retrying.name}" failed` };
}
