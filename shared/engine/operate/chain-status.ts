import { topOf } from "../../domain/path.ts";
import type { StepFacts, StepStatus } from "../../domain/run-protocol.ts";
import { hasEnded, isAsleep, isSkipped } from "./part-status.ts";
import { emptyPlace, plannedItems, type Place } from "./step-tree.ts";

/** A node of the run's chain, and how it stands. */
interface ChainNode {
  readonly place: Place;
  readonly status: StepStatus;
}

/**
 * The nodes of the chain in order, then those that are not in it; the first that is not over is
 * what the run is at.
 */
export function statusesOfChain(facts: StepFacts, root: Place, chain: readonly string[]): ChainNode[] {
  const places = [...new Set([...chain, ...root.parts.keys()])].map((name) => root.parts.get(name) ?? emptyPlace(name));
  const past = pastNodes(facts, root);
  const isOver = (place: Place) => isStoredAsOver(facts, place) || past.has(place.name);
  const current = places.find((place) => !isOver(place));
  const statusOf = (place: Place): StepStatus => {
    if (isOver(place)) return isSkipped(place) ? "skipped" : "done";
    if (place === current) return currentStatus(facts, root.parts.has(place.name));
    return hasEnded(facts.status) ? "skipped" : "pending";
  };
  return places.map((place) => ({ place, status: statusOf(place) }));
}

/**
 * Nodes of which something is stored, and of a later one too, or the run is done: they are over.
 */
function pastNodes({ status, checkpoints }: StepFacts, root: Place): ReadonlySet<string> {
  const positions = new Map(checkpoints.map(({ node, position }) => [topOf(node), position]));
  const hasBegunAnother = [...root.parts.keys()].some((name) => !positions.has(name));
  const last = status === "done" || hasBegunAnother ? Infinity : Math.max(...positions.values());
  return new Set([...positions].flatMap(([name, position]) => (position < last ? [name] : [])));
}

/** Of a plain node, one that was skipped, a script, a repetition, and a map of nothing. */
function isStoredAsOver(facts: StepFacts, place: Place): boolean {
  const { path, checkpoint, marks } = place;
  if (checkpoint !== undefined && (checkpoint.attempt > 0 || isSkipped(place))) return !isAsleep(facts, checkpoint);
  return marks.some(({ node }) => node === `${path}/~over`) || plannedItems(place) === 0;
}

/**
 * The status of the first node that is not over, which is that of the run, but for a node that
 * nobody has begun.
 */
function currentStatus({ status }: StepFacts, hasBegun: boolean): StepStatus {
  if (status === "failed") return "failed";
  if (hasEnded(status)) return "skipped";
  if (status === "running") return "running";
  return status === "waiting" && hasBegun ? "waiting" : "pending";
}
