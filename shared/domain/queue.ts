import { namePattern, nameRule } from "./name.ts";
import type { AnyWorkflow } from "./workflow-types.ts";

/** The queue of all that names none. */
export const DEFAULT_QUEUE = "default";

/**
 * How long a run is left alone that a poller of another queue was given without anything to do for
 * it: two pollers whose code says different things would hand it to and fro.
 */
export const HAND_ON_AFTER_MS = 10_000;

/** What is wrong with the name of a queue; undefined: nothing is. */
export function problemOfQueue(given: unknown): string | undefined {
  if (given === undefined || (typeof given === "string" && namePattern.test(given))) return undefined;
  return `its on is no name of a queue: ${nameRule}`;
}

/** What says where handlers are called. */
interface Placed extends Pick<AnyWorkflow, "nodes"> {
  readonly on?: string | undefined;
}

/** The queue whose pollers call the handlers of a node of the workflow's own chain. */
export function queueOf({ on, nodes }: Placed, position: number): string {
  return nodes[position]?.on ?? on ?? DEFAULT_QUEUE;
}

/** All queues that some workflows name, the default one first. */
export function queuesOf(workflows: readonly Placed[]): readonly string[] {
  const named = workflows.flatMap(({ on, nodes }) => [on, ...nodes.map((node) => node.on)]);
  return [...new Set([DEFAULT_QUEUE, ...named.filter((name) => name !== undefined)])];
}
