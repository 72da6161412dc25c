import type { CheckpointFacts, FailureFacts, StepFacts } from "../../domain/run-protocol.ts";

/** A path of a run, with what is stored there and below. */
export interface Place {
  readonly path: string;
  /** The end of the path. */
  readonly name: string;
  checkpoint: CheckpointFacts | undefined;
  readonly failures: FailureFacts[];
  /** Rows of the engine's own. */
  readonly marks: CheckpointFacts[];
  readonly parts: Map<string, Place>;
}

/** How many parts of a node are shown. */
export const SHOWN = 100;

/** A path at which nothing is stored. */
export function emptyPlace(path: string): Place {
  return { path, name: path.slice(path.lastIndexOf("/") + 1), checkpoint: undefined, failures: [], marks: [], parts: new Map() };
}

/** What is stored of a run as a tree; its own rows are marks of the root, whose path is empty. */
export function treeOf({ checkpoints, failures }: Pick<StepFacts, "checkpoints" | "failures">): Place {
  const root = emptyPlace("");
  for (const checkpoint of checkpoints) {
    const { place, isMark } = placeOf(root, checkpoint.node);
    if (isMark) place.marks.push(checkpoint);
    else place.checkpoint = checkpoint;
  }
  for (const failure of failures) placeOf(root, failure.node).place.failures.push(failure);
  return root;
}

/** The place of a path, made where it is new; of a mark, the one to which it belongs. */
function placeOf(root: Place, path: string): { place: Place; isMark: boolean } {
  let place = root;
  for (let from = 0; from < path.length;) {
    if (path[from] === "~") return { place, isMark: true };
    const end = path.indexOf("/", from);
    const to = end < 0 ? path.length : end;
    place = partOf(place, path.slice(from, to), path.slice(0, to));
    from = to + 1;
  }
  return { place, isMark: false };
}

function partOf(place: Place, name: string, path: string): Place {
  const known = place.parts.get(name);
  if (known !== undefined) return known;
  const part = emptyPlace(path);
  place.parts.set(name, part);
  return part;
}

/** The place of a path that is there. */
export function findPlace(root: Place, path: string): Place | undefined {
  return path.split("/").reduce<Place | undefined>((place, name) => place?.parts.get(name), root);
}

/**
 * The parts in their order: items and passes by their numbers, others as they began, or by their
 * names.
 */
export function partsOf(place: Place, byName: boolean): Place[] {
  for (let nth = 0; nth < Math.min(plannedItems(place) ?? 0, SHOWN); nth++) {
    const name = String(nth).padStart(5, "0");
    if (!place.parts.has(name)) place.parts.set(name, emptyPlace(`${place.path}/${name}`));
  }
  const parts = [...place.parts.values()];
  if (byName || countsParts(place)) return parts.toSorted((one, other) => compare(one.name, other.name));
  const began = new Map(parts.map((part) => [part, beganAt(part)]));
  return parts.toSorted((one, other) => began.get(one)! - began.get(other)! || compare(one.name, other.name));
}

/** Whether its parts are numbered: they are those of a node, not of what holds nodes. */
export function countsParts({ path, parts }: Place): boolean {
  return path.split("/").length % 2 === 1 && [...parts.keys()].every((name) => /^\d{5}$/.test(name));
}

/** How many items a map has; undefined: it is none, or has not begun. */
export function plannedItems({ checkpoint }: Place): number | undefined {
  if (checkpoint?.attempt !== 0) return undefined;
  const { items } = Object(checkpoint.output) as { items?: unknown };
  return typeof items === "number" ? items : undefined;
}

function beganAt({ checkpoint, failures, marks, parts }: Place): number {
  const rows = [...(checkpoint ? [checkpoint] : []), ...failures, ...marks].map(({ started_at }) => Date.parse(started_at));
  return Math.min(...rows, ...[...parts.values()].map(beganAt));
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
