import type { ErrorRecord } from "../../domain/errors.ts";
import type { Json, JsonObject } from "../../domain/json.ts";
import type { FollowingFacts, RunFacts, RunStatus } from "../../domain/run-protocol.ts";
import { describeSteps, type StepView } from "./describe-steps.ts";
import { describeWaiting, type WaitingView } from "./describe-waiting.ts";
import { shownError, utc, type DescribeOptions } from "./run-format.ts";
import { describeUndo, type UndoView } from "./describe-undo.ts";
import { treeOf } from "./step-tree.ts";

export type { AttemptView, MoreSteps, StepStatus, StepView } from "./describe-steps.ts";
export type { UndoView, UndoneView } from "./describe-undo.ts";
export type { WaitingView } from "./describe-waiting.ts";

/** The run that started another one. */
export interface ParentView {
  readonly runId: string;
  /** The path of the node that did. */
  readonly node: string;
  /** It does not wait for its child. */
  readonly detached: boolean;
}

/** Which ending was followed by which run, or is by this one. */
export interface FollowingView {
  /** The other run; null: it is gone. */
  readonly runId: string | null;
  /** How often the run that ended had been redriven. */
  readonly ending: number;
  readonly hook: "whenFailed" | "whenEnded";
}

/** A run as it is shown. Times are ISO 8601 in UTC. */
export interface RunView<Input = Json, Output = Json, Attributes = JsonObject> {
  readonly id: string;
  readonly workflow: string;
  readonly version: number;
  /** Which run started it, at which node; null: none did. */
  readonly parent: ParentView | null;
  /** Which ending of which run has started it, as its hook; null: none has. */
  readonly follows: FollowingView | null;
  /** Hooks' runs that its own endings have started, the first 100. */
  readonly followedBy: readonly FollowingView[];
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
  /** The queue whose poller takes it next; only where that is not the default one. */
  readonly queue?: string;
  /** The nodes of its chain, and below them what they hold. */
  readonly steps: readonly StepView[];
  /** What is undone of it before it ends; null: nothing is. */
  readonly undo: UndoView | null;
  /** What of the steps an answer has no room for: outputs, attempts, steps. */
  readonly leftOut?: readonly string[];
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
  const root = treeOf(facts);
  return {
    id: facts.id,
    workflow: facts.workflow,
    version: facts.version,
    parent: parentOf(facts),
    follows: facts.hooks?.follows == null ? null : followingOf(facts.hooks.follows),
    followedBy: (facts.hooks?.followed_by ?? []).map(followingOf),
    status: facts.status,
    input: facts.input,
    attributes: facts.attributes ?? {},
    output: facts.status === "done" ? outputOf(facts) : null,
    error: facts.error === null ? null : shownError(facts.error, options),
    waiting: describeWaiting(facts, root),
    ...(facts.queue != null && { queue: facts.queue }),
    steps: describeSteps({ id: facts.id, facts, options }, root, nodes ?? []),
    undo: describeUndo({ id: facts.id, facts, options }),
    ...(facts.left_out != null && { leftOut: facts.left_out }),
    redrives: facts.redrives,
    crashes: facts.crashes,
    createdAt: utc(facts.created_at),
    finishedAt: facts.finished_at === null ? null : utc(facts.finished_at),
  };
}

function parentOf({ family }: RunFacts): ParentView | null {
  const parent = family?.parent ?? null;
  return parent === null ? null : { runId: parent.id, node: parent.path, detached: parent.detached };
}

function followingOf({ run, ending, hook }: FollowingFacts): FollowingView {
  return { runId: run, ending, hook: hook === "failed" ? "whenFailed" : "whenEnded" };
}

/** That of the last node. Where no row of its own is equal to it, the run has one. */
function outputOf({ checkpoints }: RunFacts): Json {
  const own = checkpoints.find(({ node }) => node === "~output");
  const chain = checkpoints.filter(({ node }) => !node.includes("/") && !node.startsWith("~"));
  const last = own ?? chain.toSorted((one, other) => one.position - other.position).at(-1);
  return last?.output ?? null;
}
