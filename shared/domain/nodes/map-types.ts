import type { RefuseUnlessJson } from "../storable.ts";
import type { AnySubChain, Branch, Grown, InputOf, LastOf, NewName, OutputOf, Place, SubChain, With } from "../workflow-types.ts";
import type { Behind, ChildWorkflow } from "./child.ts";

/** What the chain of a `map` sees beside what is around it. */
interface Turn<Item> {
  readonly item: Item;
  /** From 0. */
  readonly index: number;
}

export interface MapOptions<State, Item> {
  /** Only of items that are runs. */
  readonly as?: never;
  /** The list, up to 10,000 items and 1 MiB: computed once, and stored. */
  readonly over: ((state: Readonly<State>) => readonly Item[]) & RefuseUnlessJson<Item>;
  /** How many items may have begun and not be over, 1 to 10,000 (default: 10). */
  readonly concurrency?: number;
}

/** How the items of a list are done as runs of a workflow, whose inputs they are. */
export interface RunsOptions<State, Input> {
  /** The inputs, up to 100,000 and 4 MiB: computed once, parsed, and stored. */
  readonly over: (state: Readonly<State>) => readonly Input[];
  /** Each item is a run of its own, which any poller may claim. */
  readonly as: "runs";
  /** How many of them may go on at once, 1 to 100,000 (default: all). */
  readonly concurrency?: number;
}

/** How many items may fail, or which share of them, such as "10 %". */
export type Tolerance = number | `${number} %` | `${number}%`;

/** What an item comes to where failed ones are tolerated. */
export type Settlement<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: { readonly name: string; readonly message: string } };

/** What becomes of the results. */
export interface Collecting<Sum, Value> {
  /** Adds the result of one item, in the order of items. Pure: called when its turn has come. */
  readonly collect: ((sum: Sum, value: Value, index: number) => Sum) & RefuseUnlessJson<Sum>;
  /** What it begins with. */
  readonly from: Sum;
}

interface NotCollecting {
  readonly collect?: never;
  readonly from?: never;
}

/** How a chain gets a chain for each item of a list. */
export interface MapMethods<Of extends Place, State> {
  /**
   * The same, with each item as a run of a workflow: its output is what the item came to. The items
   * are the inputs. More than 10,000 of them need `collect`.
   */
  map<const NodeName extends string, Child extends ChildWorkflow>(
    name: NewName<State, NodeName>,
    options: RunsOptions<State, InputOf<Behind<Child>>> & NotCollecting & { readonly tolerate?: never },
    workflow: Child,
  ): Grown<Of, State, NodeName, readonly OutputOf<Behind<Child>>[]>;
  map<const NodeName extends string, Child extends ChildWorkflow>(
    name: NewName<State, NodeName>,
    options: RunsOptions<State, InputOf<Behind<Child>>> & NotCollecting & { readonly tolerate: Tolerance },
    workflow: Child,
  ): Grown<Of, State, NodeName, readonly Settlement<OutputOf<Behind<Child>>>[]>;
  map<const NodeName extends string, Child extends ChildWorkflow, Sum = null>(
    name: NewName<State, NodeName>,
    options: RunsOptions<State, InputOf<Behind<Child>>> & NotCollecting & { readonly tolerate: Tolerance },
    workflow: Child,
    ending: Collecting<Sum, Settlement<OutputOf<Behind<Child>>>>,
  ): Grown<Of, State, NodeName, Sum>;
  map<const NodeName extends string, Child extends ChildWorkflow, Sum = null>(
    name: NewName<State, NodeName>,
    options: RunsOptions<State, InputOf<Behind<Child>>> & NotCollecting & { readonly tolerate?: never },
    workflow: Child,
    ending: Collecting<Sum, OutputOf<Behind<Child>>>,
  ): Grown<Of, State, NodeName, Sum>;
  /**
   * Does a chain for each item of a list: the output holds what each came to, in the order of the
   * list. The first item that fails for good aborts the others, and fails the run; with `tolerate`
   * so many may. With `collect` results are folded into one value, and do not fill the state; after
   * the chain it knows their type.
   */
  map<const NodeName extends string, Chain extends AnySubChain, Item = null>(
    name: NewName<State, NodeName>,
    options: MapOptions<State, Item> & NotCollecting & { readonly tolerate?: never },
    chain: (chain: ItemChain<State, Item>) => Chain,
  ): Grown<Of, State, NodeName, readonly LastOf<Chain>[]>;
  map<const NodeName extends string, Chain extends AnySubChain, Item = null>(
    name: NewName<State, NodeName>,
    options: MapOptions<State, Item> & NotCollecting & { readonly tolerate: Tolerance },
    chain: (chain: ItemChain<State, Item>) => Chain,
  ): Grown<Of, State, NodeName, readonly Settlement<LastOf<Chain>>[]>;
  // Of several that fit as little, TypeScript tells about the last.
  map<const NodeName extends string, Chain extends AnySubChain, Item = null, Sum = null>(
    name: NewName<State, NodeName>,
    options: MapOptions<State, Item> & NotCollecting & { readonly tolerate: Tolerance },
    chain: (chain: ItemChain<State, Item>) => Chain,
    ending: Collecting<Sum, Settlement<LastOf<Chain>>>,
  ): Grown<Of, State, NodeName, Sum>;
  map<const NodeName extends string, Chain extends AnySubChain, Item = null, Sum = null>(
    name: NewName<State, NodeName>,
    options: MapOptions<State, Item> & NotCollecting & { readonly tolerate?: never },
    chain: (chain: ItemChain<State, Item>) => Chain,
    ending: Collecting<Sum, LastOf<Chain>>,
  ): Grown<Of, State, NodeName, Sum>;
  map<const NodeName extends string, Item = null, Sum = null>(
    name: NewName<State, NodeName>,
    // oxlint-disable-next-line typescript/no-explicit-any -- nothing is known of the chain here
    options: MapOptions<State, Item> & Collecting<Sum, any> & { readonly tolerate?: Tolerance },
    chain: (chain: ItemChain<State, Item>) => AnySubChain,
  ): Grown<Of, State, NodeName, Sum>;
}

type ItemChain<State, Item> = SubChain<Branch, With<State, Turn<Item>>, null>;
