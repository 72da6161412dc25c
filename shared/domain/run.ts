import { freezeJson, type Json } from "./json.ts";
import { jsonbBytes } from "./jsonb-bytes.ts";
import type { AttemptMove, Node, Scene, State } from "./node.ts";
import { Outputs } from "./outputs.ts";
import { topOf } from "./path.ts";
import type { AnyWorkflow } from "./workflow-types.ts";

type ByPath<Value> = Readonly<Record<string, Value>>;

/** What a run needs to know of its workflow. */
export type RunWorkflow = Pick<AnyWorkflow, "name" | "version" | "nodes">;

/**
 * A run that a poller holds: what is stored of it, and the workflow that tells how it goes on.
 */
export interface Run {
  readonly id: string;
  readonly workflow: RunWorkflow;
  readonly input: Json;
  /** Of the nodes that are over. */
  readonly outputs: Outputs;
  /** How many nodes are over; the next one is the cursor. */
  readonly position: number;
  /** What is stored at the cursor's path and below. */
  readonly rows: ReadonlyMap<string, Json>;
  /** Failed attempts at each path that had any. */
  readonly failures: ByPath<number>;
  /**
   * How many of these a redrive has forgiven: the retry policy no longer counts them, the attempt's
   * number still does.
   */
  readonly forgiven: ByPath<number>;
  /** When paths that failed or sleep may go on, by the database's clock. */
  readonly notBefore: ByPath<number>;
  /** The size of input and outputs as JSON, as the database writes it. */
  readonly bytes: number;
}

/** What is stored of a run, by path. */
export interface RunRecord {
  readonly id: string;
  readonly workflow: RunWorkflow;
  readonly input: Json;
  readonly outputs?: ByPath<Json> | null;
  readonly failures?: ByPath<number> | null;
  readonly forgiven?: ByPath<number> | null;
  /** In milliseconds since 1970, where that is ahead (default: of none it is). */
  readonly notBefore?: ByPath<number> | null;
}

const none = Object.freeze({});
/** Of a cursor of which nothing is stored. */
export const noRows: ReadonlyMap<string, Json> = new Map<string, Json>();

/**
 * Puts a run together from what is stored of it. now: the database's time, in milliseconds since
 * 1970 (default: 0).
 */
export function createRun(record: RunRecord, now = 0): Run {
  const { id, workflow, input, outputs, failures, forgiven, notBefore } = record;
  const stored = Object.entries<Json>(outputs ?? none);
  const begun: Run = {
    id,
    workflow,
    input: freezeJson(input),
    outputs: new Outputs([]),
    position: 0,
    rows: noRows,
    failures: failures ?? none,
    forgiven: forgiven ?? none,
    notBefore: notBefore ?? none,
    bytes: stored.reduce((sum, [, output]) => sum + jsonbBytes(output), jsonbBytes(input)),
  };
  return stored.length === 0 ? begun : { ...begun, ...findCursor(begun, rowsByNode(stored), now) };
}

function rowsByNode(stored: readonly [string, Json][]): Map<string, Map<string, Json>> {
  const byNode = new Map<string, Map<string, Json>>();
  for (const [path, output] of stored) {
    const node = topOf(path);
    byNode.set(node, (byNode.get(node) ?? new Map<string, Json>()).set(path, freezeJson(output)));
  }
  return byNode;
}

/** A node of which nothing is stored is not looked at: that is for a decision. */
function findCursor(begun: Run, byNode: ReadonlyMap<string, ReadonlyMap<string, Json>>, now: number) {
  const outputs: Json[] = [];
  for (const node of begun.workflow.nodes) {
    const rows = byNode.get(node.name);
    if (rows === undefined) break;
    const standing = () => ({ ...begun, outputs: new Outputs(outputs), position: outputs.length });
    const scene: Scene = {
      now,
      state: () => stateOf(standing()),
      row: (path) => rows.get(path),
      notBefore: (path) => notBeforeAt(begun, path),
    };
    const look = node.look(node.name, scene);
    if (!look.over) return { outputs: new Outputs(outputs), position: outputs.length, rows };
    outputs.push(look.output);
  }
  return { outputs: new Outputs(outputs), position: outputs.length, rows: noRows };
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

/** The state that an attempt of a run begins with. */
export function stateFor(run: Run, { state }: Pick<AttemptMove, "state">): State {
  return state === undefined ? stateOf(run) : state();
}

/** The first node that is not over. None when all are. */
export function cursorOf(run: Run): Node | undefined {
  return run.workflow.nodes[run.position];
}

/** When a path may go on; undefined: at any time. */
export function notBeforeAt({ notBefore }: Pick<Run, "notBefore">, path: string): number | undefined {
  return Object.hasOwn(notBefore, path) ? notBefore[path] : undefined;
}

/**
 * The path of a stored output that this chain cannot have produced: of a node that it does not
 * have, or of one after the cursor. Such a run was begun by another shape of its workflow.
 */
export function unknownPath({ workflow, position }: Run, outputs: ByPath<Json> | null): string | undefined {
  if (outputs === null) return undefined;
  const known = new Set(workflow.nodes.slice(0, position + 1).map(({ name }) => name));
  return Object.keys(outputs).find((path) => !known.has(path));
}

/** The number of the next attempt at a path: its failures and 1. */
export function attemptAt({ failures }: Pick<Run, "failures">, path: string): number {
  return countAt(failures, path) + 1;
}

/** What the retry policy counts that attempt as: failures that a redrive forgave are left out. */
export function countedAttemptAt(run: Run, path: string): number {
  return attemptAt(run, path) - countAt(run.forgiven, path);
}

function countAt(counts: ByPath<number>, path: string): number {
  return Object.hasOwn(counts, path) ? (counts[path] as number) : 0;
}

/** `runId/path`, the same in every attempt. */
export function idempotencyKey(runId: string, path: string): string {
  return `${runId}/${path}`;
}

/** The run with one more row, of so many bytes of JSON, at its cursor or below. */
export function withRow(run: Run, path: string, output: Json, bytes: number): Run {
  return { ...run, rows: new Map(run.rows).set(path, output), bytes: run.bytes + bytes };
}

/** The failures of a run with one more, which is made again from `notBefore` on. */
export function withFailure(
  run: Pick<Run, "failures" | "notBefore">,
  path: string,
  notBefore: number,
): Pick<Run, "failures" | "notBefore"> {
  return {
    failures: { ...run.failures, [path]: attemptAt(run, path) },
    notBefore: { ...run.notBefore, [path]: notBefore },
  };
}
