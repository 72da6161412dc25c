import { freezeJson, type Json } from "./json.ts";
import { jsonbBytes } from "./jsonb-bytes.ts";
import type { Node, State } from "./node.ts";
import { Outputs } from "./outputs.ts";
import type { AnyWorkflow } from "./workflow-types.ts";

type ByNode<Value> = Readonly<Record<string, Value>>;

/** What a run needs to know of its workflow. */
export type RunWorkflow = Pick<AnyWorkflow, "name" | "version" | "nodes">;

/**
 * A run that a poller holds: what is stored of it, and the workflow that tells how it goes on.
 */
export interface Run {
  readonly id: string;
  readonly workflow: RunWorkflow;
  readonly input: Json;
  readonly outputs: Outputs;
  /** How many nodes have an output; the next one is the cursor. */
  readonly position: number;
  /** Failed attempts of each node that had any. */
  readonly failures: ByNode<number>;
  /**
   * How many of these a redrive has forgiven: the retry policy no longer counts them, the attempt's
   * number still does.
   */
  readonly forgiven: ByNode<number>;
  /** The size of input and outputs as JSON, as the database writes it. */
  readonly bytes: number;
}

/** What is stored of a run; outputs are by the names of their nodes. */
export interface RunRecord {
  readonly id: string;
  readonly workflow: RunWorkflow;
  readonly input: Json;
  readonly outputs?: ByNode<Json> | null;
  readonly failures?: ByNode<number> | null;
  readonly forgiven?: ByNode<number> | null;
}

/** Puts a run together from what is stored of it. */
export function createRun({ id, workflow, input, outputs, failures, forgiven }: RunRecord): Run {
  const inOrder = outputsInOrder(workflow, outputs ?? none);
  const bytes = inOrder.reduce((sum: number, output) => sum + jsonbBytes(output), jsonbBytes(input));
  return {
    id,
    workflow,
    input: freezeJson(input),
    outputs: new Outputs(inOrder),
    position: inOrder.length,
    failures: failures ?? none,
    forgiven: forgiven ?? none,
    bytes,
  };
}

const none = Object.freeze({});

/** The outputs of the nodes up to the cursor, which is the first of the chain without one. */
function outputsInOrder({ nodes }: RunWorkflow, outputs: ByNode<Json>): Json[] {
  const inOrder: Json[] = [];
  for (const { name } of nodes) {
    if (!Object.hasOwn(outputs, name)) break;
    inOrder.push(freezeJson(outputs[name] as Json));
  }
  return inOrder;
}

/**
 * The state as the next handler sees it, frozen to its leaves: a change would be lost with this
 * invocation.
 */
export function stateOf({ workflow, input, outputs, position }: Run): State {
  const state: Record<string, Json> & { input: Json } = { input };
  // Not by spreading, which takes ten times as long at 1,000 outputs.
  for (let n = 0; n < position; n++) state[workflow.nodes[n]!.name] = outputs.at(n)!;
  return Object.freeze(state);
}

/** The node to run next. None when all have an output. */
export function cursorOf(run: Run): Node | undefined {
  return run.workflow.nodes[run.position];
}

/**
 * The name of a stored output that this chain cannot have produced: of a node that it does not
 * have, or of one after the cursor. Such a run was begun by another shape of its workflow.
 */
export function unknownNode({ workflow, position }: Run, outputs: ByNode<Json> | null): string | undefined {
  if (outputs === null) return undefined;
  const known = new Set(workflow.nodes.slice(0, position).map(({ name }) => name));
  return Object.keys(outputs).find((name) => !known.has(name));
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

/** The run with the output of its cursor, of so many bytes of JSON. */
export function withOutput(run: Run, output: Json, bytes: number): Run {
  return { ...run, outputs: run.outputs.append(output), position: run.position + 1, bytes: run.bytes + bytes };
}

/** The run with one more failed attempt. */
export function withFailure(run: Run, node: Node): Run {
  return { ...run, failures: { ...run.failures, [node.name]: attemptOf(run, node) } };
}
