import type { RetryPolicy } from "../../../shared/domain/retry-policy.ts";

/** Nodes, one after the other, as plain data that both a workflow and its model are made of. */
export interface ChainSpec {
  readonly nodes: readonly NodeSpec[];
  /** It ends the run. */
  readonly end?: HandlerSpec | undefined;
}

export type NodeSpec = HandlerSpec | SleepSpec | WaitSpec | AllSpec | ChooseSpec | MapSpec | RepeatSpec;

/** What an output looks like: of "place" it says at which path it was made. */
export type Gives = "place" | "text" | "number" | "nothing";

/** How a handler fails for good: never, until redrives have healed it, or always. */
export type Doom = "never" | "heals" | "stays";

export interface HandlerSpec {
  readonly kind: "step" | "sql" | "script" | "end";
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
}

export interface SleepSpec {
  readonly kind: "sleep";
  readonly name: string;
  readonly ms: number;
  /** By a function of the state. */
  readonly computed: boolean;
}

/** Waits for a signal of its name. */
export interface WaitSpec {
  readonly kind: "waitFor";
  readonly name: string;
  /** Somebody sends the signal. */
  readonly isAnswered: boolean;
  /** How long it waits; undefined: until it is answered. */
  readonly timeoutMs: number | undefined;
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

/** A workflow of one seed. */
export interface WorkflowSpec {
  readonly name: string;
  readonly chain: ChainSpec;
}

/** Whether a chain has a repeat, but for those of an item, which says where it is. */
export function holdsRepeat({ nodes }: ChainSpec): boolean {
  return nodes.some(
    (node) => node.kind === "repeat" || ((node.kind === "all" || node.kind === "choose") && Object.values(node.parts).some(holdsRepeat)),
  );
}

/** The names of signals that somebody sends to its runs. */
export function signalsIn({ nodes }: ChainSpec): string[] {
  return nodes.flatMap((node) => {
    if (node.kind === "waitFor") return node.isAnswered ? [node.name] : [];
    if (node.kind === "all" || node.kind === "choose") return Object.values(node.parts).flatMap(signalsIn);
    return node.kind === "map" || node.kind === "repeat" ? signalsIn(node.chain) : [];
  });
}

export function indexText(index: number): string {
  return String(index).padStart(5, "0");
}
