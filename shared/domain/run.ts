import { freezeJson, jsonBytes, type Json } from "./json.ts";
import type { Node, State } from "./node.ts";
import type { AnyWorkflow } from "./workflow-types.ts";

type ByNode<Value> = Readonly<Record<string, Value>>;

/** What a run needs to know of its workflow. */
export type RunWorkflow = Pick<AnyWorkflow, "name" | "version" | "nodes">;

/** A run in the hand of a poller: what is stored of it, and the workflow that tells how it goes on. */
export interface Run {
  readonly id: string;
  readonly workflow: RunWorkflow;
  readonly input: Json;
  readonly outputs: ByNode<Json>;
  /** Failed attempts of each node that had any. */
  readonly failures: ByNode<number>;
  /** How many of these a redrive has forgiven: the retry policy no longer counts them, the attempt's number still does. */
  readonly forgiven: ByNode<number>;
  /** The size of input and outputs as JSON. */
  readonly bytes: number;
}

/** Puts a run together from what is stored of it. */
export function createRun(facts: {
  readonly id: string;
  readonly workflow: RunWorkflow;
  readonly input: Json;
  readonly outputs?: ByNode<Json> | null;
  readonly failures?: ByNode<number> | null;
  readonly forgiven?: ByNode<number> | null;
}): Run {
  const { id, workflow, input } = facts;
  const outputs = facts.outputs ?? {};
  const bytes = Object.values(outputs).reduce((sum: number, output) => sum + jsonBytes(output), jsonBytes(input));
  return { id, workflow, input, outputs, failures: facts.failures ?? {}, forgiven: facts.forgiven ?? {}, bytes };
}

/** The state as the next handler sees it, frozen to its leaves: a change would be lost with this invocation. */
export function stateOf(run: Run): State {
  return freezeJson({ input: run.input, ...run.outputs });
}

/** The node to run next: the first of the chain without an output. None when all have one. */
export function cursorOf(run: Run): Node | undefined {
  return run.workflow.nodes.find((node) => !Object.hasOwn(run.outputs, node.name));
}

/**
 * The name of an output that this chain cannot have produced: of a node that it does not have, or of one after the cursor.
 * Such a run was begun by another shape of its workflow.
 */
export function unknownNode(run: Run): string | undefined {
  const { nodes } = run.workflow;
  const cursor = cursorOf(run);
  const done = cursor === undefined ? nodes : nodes.slice(0, nodes.indexOf(cursor));
  const names = new Set(done.map((node) => node.name));
  return Object.keys(run.outputs).find((name) => !names.has(name));
}

/** Where a node stands in the chain, from 0. */
export function positionOf(run: Run, node: Node): number {
  return run.workflow.nodes.findIndex(({ name }) => name === node.name);
}

/** The number of the node's next attempt: its failures and 1. */
export function attemptOf(run: Run, node: Node): number {
  return countOf(run.failures, node) + 1;
}

/** What the retry policy counts that attempt as: failures that a redrive forgave are left out. */
export function countedAttemptOf(run: Run, node: Node): number {
  return attemptOf(run, node) - countOf(run.forgiven, node);
}

function countOf(counts: ByNode<number>, node: Node): number {
  return Object.hasOwn(counts, node.name) ? (counts[node.name] as number) : 0;
}

/** `runId/node`, the same in every attempt. */
export function idempotencyKey(runId: string, nodeName: string): string {
  return `${runId}/${nodeName}`;
}

/** The run with one more output. */
export function withOutput(run: Run, node: Node, output: Json): Run {
  return { ...run, outputs: { ...run.outputs, [node.name]: output }, bytes: run.bytes + jsonBytes(output) };
}

/** The run with one more failed attempt. */
export function withFailure(run: Run, node: Node): Run {
  return { ...run, failures: { ...run.failures, [node.name]: attemptOf(run, node) } };
}
