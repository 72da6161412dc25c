import type { RetryPolicy } from "../../../shared/domain/retry-policy.ts";

/** Nodes, one after the other, as plain data that both a workflow and its model are made of. */
export interface ChainSpec {
  readonly nodes: readonly NodeSpec[];
  /** It ends the run. */
  readonly end?: HandlerSpec | undefined;
}

export type NodeSpec =
  HandlerSpec | SleepSpec | WaitSpec | ApprovalSpec | CallbackSpec | AllSpec | ChooseSpec | MapSpec | RepeatSpec | ChildSpec;

/** What an output looks like: of "place" it says at which path it was made. */
export type Gives = "place" | "text" | "number" | "nothing";

/** How a handler fails for good: never, until redrives have healed it, or always. */
export type Doom = "never" | "heals" | "stays";

export interface HandlerSpec {
  readonly kind: "step" | "sql" | "script" | "end" | "ask" | "call";
  readonly name: string;
  readonly gives: Gives;
  /** The share of its paths at which it runs; undefined: it has no condition. */
  readonly when: number | undefined;
  /** How many attempts fail at most before one is well. */
  readonly flaky: number;
  readonly doom: Doom;
  readonly retry: RetryPolicy;
  /** How long it takes at most. */
  readonly mostMs: number;
  /** Undefined: it is not undone. */
  readonly undo?: UndoSpec;
}

/** How a handler is taken back. */
export interface UndoSpec {
  readonly evenIfFailed: boolean;
  /** How many attempts fail at most before one is well. */
  readonly flaky: number;
  /** It may fail for good. */
  readonly isDoomed: boolean;
}

export interface SleepSpec {
  readonly kind: "sleep";
  readonly name: string;
  readonly ms: number;
  /** By a function of the state. */
  readonly computed: boolean;
}

/** Waits for a signal of its name, or for two. */
export interface WaitSpec {
  readonly kind: "waitFor";
  readonly name: string;
  /** undefined: one signal. */
  readonly all: readonly string[] | undefined;
  /** Somebody sends the signals. */
  readonly isAnswered: boolean;
  /** By the key of its run. */
  readonly isKeyed: boolean;
  /** How long it waits; undefined: until it is answered. */
  readonly timeoutMs: number | undefined;
}

/** Asks somebody to choose. */
export interface ApprovalSpec {
  readonly kind: "approval";
  readonly name: string;
  readonly ask: HandlerSpec;
  readonly isAnswered: boolean;
  /** How long it waits; undefined: until it is answered. */
  readonly timeoutMs: number | undefined;
}

/** Has an outside system do the work. */
export interface CallbackSpec {
  readonly kind: "callback";
  readonly name: string;
  /** Hands out the token; what fails of it may fail there or outside. */
  readonly handler: HandlerSpec;
  /** Needs signs of life. */
  readonly beats: boolean;
}

export interface AllSpec {
  readonly kind: "all";
  readonly name: string;
  readonly parts: Readonly<Record<string, ChainSpec>>;
}

export interface ChooseSpec {
  readonly kind: "choose";
  readonly name: string;
  readonly parts: Readonly<Record<string, ChainSpec>>;
}

export interface MapSpec {
  readonly kind: "map";
  readonly name: string;
  readonly fewest: number;
  readonly most: number;
  readonly concurrency: number;
  readonly tolerate: number | `${number} %` | undefined;
  readonly collects: boolean;
  readonly chain: ChainSpec;
}

export interface RepeatSpec {
  readonly kind: "repeat";
  readonly name: string;
  /** How many passes it needs at most. */
  readonly most: number;
  readonly max: number;
  readonly everyMs: number | undefined;
  readonly chain: ChainSpec;
  /** A step of its chain that says in which pass it is. */
  readonly here: string;
}

/** Starts a run of another workflow. */
export interface ChildSpec {
  readonly kind: "child";
  readonly name: string;
  readonly of: WorkflowSpec;
  /** Of one that nobody awaits: when it starts. */
  readonly detachedMs: number | undefined;
  /** Its workflow is known by its name alone. */
  readonly isElsewhere: boolean;
}

/** A workflow of one seed. */
export interface WorkflowSpec {
  readonly name: string;
  readonly chain: ChainSpec;
  /** What follows its endings, by the names of the hooks' workflows. */
  readonly hooks?: { readonly failed?: string; readonly ended?: string };
}

/** The nodes of a chain, and those below them. */
export function nodesIn({ nodes }: ChainSpec): NodeSpec[] {
  return nodes.flatMap((node) => [node, ...chainsOf(node).flatMap(nodesIn)]);
}

function chainsOf(node: NodeSpec): readonly ChainSpec[] {
  if (node.kind === "all" || node.kind === "choose") return Object.values(node.parts);
  return node.kind === "map" || node.kind === "repeat" ? [node.chain] : [];
}

/** A workflow, those of its children, and theirs. */
export function workflowsIn(spec: WorkflowSpec): WorkflowSpec[] {
  return [spec, ...nodesIn(spec.chain).flatMap((node) => (node.kind === "child" ? workflowsIn(node.of) : []))];
}

/** Which child of a run is meant, wherever it is started: its run's key, and the node. */
export function keyOfChild(run: string, path: string): string {
  return `${run}>${path}`;
}

export function isOfChild(key: string): boolean {
  return key.includes(">");
}

/** Whether a chain has a repeat, but for those of an item, which says where it is. */
export function holdsRepeat({ nodes }: ChainSpec): boolean {
  return nodes.some(
    (node) => node.kind === "repeat" || ((node.kind === "all" || node.kind === "choose") && Object.values(node.parts).some(holdsRepeat)),
  );
}

/** A signal that somebody sends to runs. */
export interface SignalSpec {
  readonly name: string;
  readonly isKeyed: boolean;
}

/** What is sent to the runs of a chain. */
export function signalsIn({ nodes }: ChainSpec): SignalSpec[] {
  return nodes.flatMap((node) => {
    if (node.kind === "waitFor") return node.isAnswered ? namesOf(node).map((name) => ({ name, isKeyed: node.isKeyed })) : [];
    if (node.kind === "all" || node.kind === "choose") return Object.values(node.parts).flatMap(signalsIn);
    return node.kind === "map" || node.kind === "repeat" ? signalsIn(node.chain) : [];
  });
}

export function namesOf({ name, all }: WaitSpec): readonly string[] {
  return all ?? [name];
}

/** By which the signals of a run are sent. */
export function keyOf(run: string): string {
  return `of-${run}`;
}

export function indexText(index: number): string {
  return String(index).padStart(5, "0");
}
