import type { ErrorRecord } from "../../domain/errors.ts";
import { UNDO } from "../../domain/nodes/undo.ts";
import type { StepStatus } from "../../domain/run-protocol.ts";
import { UNDONE, VERDICT, type Ruling } from "../../domain/undo/ruling.ts";
import { attemptsOf, type AttemptView, type StepsOf } from "./describe-steps.ts";
import { isAhead, hasEnded } from "./part-status.ts";
import { shownError } from "./run-format.ts";
import { emptyPlace, type Place } from "./step-tree.ts";

/** What is undone of a run. */
export interface UndoView {
  /** `incomplete`: the run has ended, and not everything could be undone. */
  readonly status: "running" | "complete" | "incomplete";
  /** Why: the run failed, or was cancelled so. */
  readonly because: "failed" | "cancelled";
  /** Of a run that failed, with what; the run's own error may be that of an undo. */
  readonly error: ErrorRecord | null;
  /** What was undone so far, in order. */
  readonly steps: readonly UndoneView[];
}

/** The undo of one node. */
export interface UndoneView {
  /** That of the node. */
  readonly path: string;
  readonly status: StepStatus;
  readonly attempts: readonly AttemptView[];
}

/** What is undone of a run, by its rows; null: it is not to be undone. */
export function describeUndo(of: StepsOf): UndoView | null {
  const { facts, options } = of;
  const verdict = facts.checkpoints.find(({ node }) => node === VERDICT);
  if (verdict === undefined) return null;
  const { status: because, error } = verdict.output as unknown as Ruling;
  const isComplete = facts.checkpoints.some(({ node }) => node === UNDONE);
  // What began at the same moment, as with a clock that stands, in the reverse order of the chain.
  const places = [...placesOf(of)].toReversed().sort((one, other) => inOrder(beganAt(one), beganAt(other)));
  return {
    status: isComplete ? "complete" : hasEnded(facts.status) ? "incomplete" : "running",
    because,
    error: error == null ? null : shownError(error, options),
    steps: places.map((place) => ({ path: place.path.slice(UNDO.length), status: statusOf(of, place), attempts: attemptsOf(of, place) })),
  };
}

function placesOf({ facts: { checkpoints, failures } }: StepsOf): Iterable<Place> {
  const places = new Map<string, Place>();
  const placeAt = (path: string) => places.get(path) ?? places.set(path, emptyPlace(path)).get(path)!;
  for (const checkpoint of checkpoints) if (checkpoint.node.startsWith(UNDO)) placeAt(checkpoint.node).checkpoint = checkpoint;
  for (const failure of failures) if (failure.node.startsWith(UNDO)) placeAt(failure.node).failures.push(failure);
  return places.values();
}

/** As the database has written it, to the microsecond. */
function beganAt({ checkpoint, failures }: Place): string {
  return (failures[0] ?? checkpoint!).started_at;
}

const inOrder = (one: string, other: string) => Number(one > other) - Number(one < other);

function statusOf({ facts }: StepsOf, { checkpoint, failures }: Place): StepStatus {
  if (checkpoint !== undefined) return "done";
  const retryAt = failures.at(-1)!.retry_at;
  if (retryAt === null || hasEnded(facts.status)) return "failed";
  return isAhead(facts, retryAt) ? "waiting" : "running";
}
