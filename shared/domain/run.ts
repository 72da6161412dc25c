import { beginChain, chainHolds, createChain, type ChainStanding } from "./chain.ts";
import type { ErrorRecord } from "./errors.ts";
import { noFamily, type Family } from "./family.ts";
import { freezeJson, type Json } from "./json.ts";
import { jsonbBytes } from "./jsonb-bytes.ts";
import { noMail, type Mail } from "./mail.ts";
import type { Node, State } from "./node.ts";
import type { AttemptMove } from "./moves.ts";
import { isRow, type Fact, type Tries } from "./standing.ts";
import { isOfUndo, rulingOf, type Ruling } from "./undo/ruling.ts";
import { keyOf, StoredFacts } from "./undo/stored.ts";
import { Undoing } from "./undo/undoing.ts";
import type { AnyWorkflow } from "./workflow-types.ts";

type ByPath<Value> = Readonly<Record<string, Value>>;
type Told = readonly [path: string, fact: Fact];

/** What a run needs to know of its workflow. */
export type RunWorkflow = Pick<AnyWorkflow, "name" | "version" | "nodes" | "on">;

/**
 * A run that a poller holds: what is stored of it, and the workflow that tells how it goes on.
 */
export interface Run {
  readonly id: string;
  readonly workflow: RunWorkflow;
  readonly input: Json;
  /** Where it stands. */
  readonly chain: ChainStanding;
  /** The size of its input as JSON, as the database writes it. */
  readonly inputBytes: number;
  /** What is known of the messages to it. */
  readonly mail: Mail;
  /** What is known of its children. */
  readonly family: Family;
  /** How often it was redriven. */
  readonly redrives: number;
  /** What it comes to once it is undone; undefined: it is not to be undone. */
  readonly ruling?: Ruling;
  /** What is to be undone; undefined: nobody knows before the run is claimed anew. */
  readonly undoing?: Undoing;
  /** Somebody has asked to cancel it and to undo what it has done. */
  readonly isCalledOff?: true;
}

/** What is stored of a run, by path. Times are in milliseconds since 1970. */
export interface RunRecord {
  readonly id: string;
  readonly workflow: RunWorkflow;
  readonly input: Json;
  readonly outputs?: ByPath<Json> | null;
  /** How many attempts failed. */
  readonly failures?: ByPath<number> | null;
  /** How many of these a redrive has forgiven. */
  readonly forgiven?: ByPath<number> | null;
  /** When what failed or sleeps may go on, where that is ahead (default: of none it is). */
  readonly notBefore?: ByPath<number> | null;
  /** Failures for good: of which attempt. */
  readonly fatal?: ByPath<{ readonly attempt: number; readonly at: number; readonly error: ErrorRecord }> | null;
  /** Messages that no node has taken. */
  readonly mail?: Mail;
  /** How its children have ended. */
  readonly family?: Family;
  /** How often it was redriven (default: never). */
  readonly redrives?: number | null | undefined;
  /** When each path was over, in microseconds since 1970: of a run that is undone. */
  readonly finished?: ByPath<number> | null | undefined;
}

const none = Object.freeze({});
const noFacts: readonly never[] = [];

/** Where runs begin is made once a workflow. */
const beginnings = new WeakMap<readonly Node[], ChainStanding>();

function beginningOf(nodes: readonly Node[]): ChainStanding {
  const known = beginnings.get(nodes) ?? beginChain(createChain(nodes), "");
  beginnings.set(nodes, known);
  return known;
}

/** Puts a run together from what is stored of it. */
export function createRun(record: RunRecord): Run {
  const { id, workflow, input, mail = noMail, family = noFamily, redrives } = record;
  const facts = factsOf(record);
  const chain = facts.reduce((standing, [path, fact]) => standing.take(path, fact), beginningOf(workflow.nodes));
  const run: Run = { id, workflow, input: freezeJson(input), chain, inputBytes: jsonbBytes(input), mail, family, redrives: redrives ?? 0 };
  const ruling = rulingOf(record.outputs);
  return ruling === undefined ? run : { ...run, ruling, undoing: undoingOf(run, ruling, record, facts) };
}

/** What is to be undone of a run, and how far that has come. */
function undoingOf({ input, chain }: Run, ruling: Ruling, { outputs, failures, finished }: RunRecord, facts: readonly Told[]): Undoing {
  const bytes = facts.reduce((sum, [, fact]) => sum + (isRow(fact) ? fact.bytes : 0), 0);
  const [rows, failed] = [Object.keys(outputs!), Object.keys(failures ?? none)];
  const stored = new StoredFacts(outputs!, facts);
  return Undoing.begin({ ruling, chain, input, stored, rows, failed, finished: finished ?? none, bytes }, facts);
}

/**
 * In the order of their paths, which is that of items and passes: what a pass or a fold says of
 * those before it is told after them. What has failed at a path is told after the rows below it,
 * which came before it failed.
 */
function factsOf({ outputs, failures, forgiven, notBefore, fatal }: RunRecord): readonly Told[] {
  // Most runs are claimed once, with nothing stored.
  if (!outputs && !failures) return noFacts;
  const rows = Object.entries<Json>(outputs ?? none).map(([path, output]): [string, Fact] => [
    path,
    { output: freezeJson(output), bytes: jsonbBytes(output), notBefore: at(notBefore, path) },
  ]);
  const tries = Object.entries<number>(failures ?? none).map(([path, count]): [string, Tries] => {
    const known = at(fatal, path);
    const pardoned = at(forgiven, path) ?? 0;
    const isForgiven = known !== undefined && known.attempt <= pardoned;
    const verdict = isForgiven ? { pardoned: known } : { fatal: known };
    return [path, { failures: count, forgiven: pardoned, notBefore: at(notBefore, path), ...verdict }];
  });
  const facts = [...rows, ...tries];
  return facts.some(([path]) => path.includes("/")) ? facts.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)) : facts;
}

function at<Value>(values: ByPath<Value> | null | undefined, path: string): Value | undefined {
  return values !== null && values !== undefined && Object.hasOwn(values, path) ? values[path] : undefined;
}

/** Whether a node of its workflow waits for signals: who sends one must know for which it waits. */
export function waitsForSignals({ workflow: { nodes } }: Run): boolean {
  const known = waiting.get(nodes) ?? nodes.some(({ signals }) => signals !== undefined);
  waiting.set(nodes, known);
  return known;
}

const waiting = new WeakMap<readonly Node[], boolean>();

/** The size of its input and of what is stored and still needed, as the database writes it. */
export function bytesOf({ inputBytes, chain, undoing }: Run): number {
  return inputBytes + (undoing ?? chain).bytes;
}

/**
 * The state as the next handler of its chain sees it, frozen to its leaves: a change would be lost
 * with this invocation.
 */
export function stateOf({ input, chain }: Run): State {
  return chain.stateIn({ input });
}

/** The state that an attempt of a run begins with. */
export function stateFor(run: Run, { state }: Pick<AttemptMove, "state">): State {
  return state === undefined ? stateOf(run) : state();
}

/** The first node of its chain that is not over. None when all are. */
export function cursorOf({ workflow, chain }: Run): Node | undefined {
  return workflow.nodes[chain.position];
}

/** The output of a run that is over. */
export function outputOf({ chain }: Pick<Run, "chain">): Json {
  return chain.ended ?? chain.output ?? null;
}

/**
 * The path of a stored row that this chain cannot have produced: of a node that it does not have,
 * or of one that it has not come to. Such a run was begun by another shape of its workflow.
 */
export function unknownPath({ workflow, chain }: Run, outputs: ByPath<Json> | null): string | undefined {
  if (outputs === null) return undefined;
  const known = beginningOf(workflow.nodes).chain;
  return Object.keys(outputs).find((path) => path !== OUTPUT && !isOfUndo(path) && !chainHolds(known, path)) ?? chain.stray;
}

/** Of a run that is done: its output, where no row of a node is that. */
export const OUTPUT = "~output";

/** `runId/path`, the same in every attempt. */
export function idempotencyKey(runId: string, path: string): string {
  return `${runId}/${path}`;
}

/** The run, once its poller was told what mail there is. */
export function withMail(run: Run, mail: Mail): Run {
  return { ...run, mail };
}

/** The run, once its poller was told how children have ended. */
export function withFamily(run: Run, family: Family): Run {
  return { ...run, family };
}

/** The run with one more fact. */
export function withFact(run: Run, path: string, fact: Fact): Run {
  return { ...run, chain: run.chain.take(path, fact) };
}

/** The run, once somebody has asked to cancel it and to undo what it has done. */
export function withCall(run: Run): Run {
  return run.ruling === undefined ? { ...run, isCalledOff: true } : run;
}
