import { now, storing } from "../author.ts";
import { chainHolds, firstOf, type Chain } from "../chain.ts";
import { checkJson, freezeJson, type Json } from "../json.ts";
import type { Node, State } from "../node.ts";
import { optionsOf, requireFunction } from "../options.ts";
import { indexBytes, indexOf, longestOfChain, shapeOfChain, heldIn } from "../parts.ts";
import { EACH } from "../path.ts";
import { isRow, noTries, Stray, wakeTries, type Fact, type Fatal, type Look, type Scene, type Standing, type Tries } from "../standing.ts";
import { itemInside } from "./turns.ts";
import { Items, type Collect, type Mapping } from "./map-items.ts";
import type { RefuseUnlessJson } from "../storable.ts";
import type { AnySubChain, Branch, Grown, LastOf, NewName, Place, SubChain, With } from "../workflow-types.ts";

/** What the chain of a `map` sees beside what is around it. */
interface Turn<Item> {
  readonly item: Item;
  /** From 0. */
  readonly index: number;
}

export interface MapOptions<State, Item> {
  /** The list, up to 10,000 items and 1 MiB: computed once, and stored. */
  readonly over: ((state: Readonly<State>) => readonly Item[]) & RefuseUnlessJson<Item>;
  /** How many items may have begun and not be over, 1 to 10,000 (default: 10). */
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

export interface AnyMapOptions {
  readonly over: (state: State) => readonly Json[];
  readonly concurrency?: number | undefined;
  readonly tolerate?: number | string | undefined;
  readonly collect?: Collect | undefined;
  readonly from?: Json | undefined;
}

/** The most items of one list. */
export const MAX_ITEMS = 10_000;
/** The largest list, in bytes of JSON as the database writes it. */
export const MAX_PLAN_BYTES = 1024 * 1024;

/** Below the node: results of items, collected. */
export const FOLD = "~fold";
const OPTION_NAMES = ["over", "concurrency", "tolerate", "collect", "from"];

/**
 * A chain for each item of a list. Its own row, `{ items }`, is the list, computed once; an item
 * has its rows below `x/00017/`, and results that were collected are at `x/~fold/00100`.
 */
export function mapNode(name: string, options: AnyMapOptions, chain: Chain): Node {
  const mapping = resolveOptions(options, chain);
  return {
    kind: "map",
    name,
    shape: `map:${name}(${shapeOfChain(chain)})`,
    ...heldIn([[EACH, chain]]),
    pathBytes: name.length + 1 + indexBytes + Math.max(FOLD.length, longestOfChain(chain)),
    rowIsOutput: false,
    inside: (path, below) => itemInside(chain, path, below),
    ...(mapping.collect !== undefined && { skips: (path: string) => [{ path, floor: "fold" as const }] }),
    begin: (path) => new Unplanned(path, mapping, options.over, noTries),
    holds: (below) => below === "" || holdsBelow(chain, below),
  };
}

function holdsBelow(chain: Chain, below: string): boolean {
  if (firstOf(below) === FOLD) return indexOf(below, FOLD.length + 1) >= 0;
  return indexOf(below, 0) >= 0 && chainHolds(chain, below.slice(indexBytes));
}

function resolveOptions(options: AnyMapOptions, chain: Chain): Mapping {
  const { concurrency = 10, tolerate, collect, from } = optionsOf("a map", options, OPTION_NAMES);
  requireFunction(options.over, "its over is no function: write over: ({ input }) => input.items");
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > MAX_ITEMS)
    throw new TypeError(`its concurrency is ${String(concurrency)}: use a whole number from 1 to ${MAX_ITEMS}`);
  if (chain.nodes.length === 0) throw new TypeError("its chain has no nodes: add what is done for each item");
  if (collect !== undefined) requireFunction(collect, "its collect is no function: write collect: (sum, value) => …");
  if (collect === undefined && from !== undefined) throw new TypeError("it has from without collect: add collect, or leave from out");
  if (collect !== undefined && from === undefined) throw new TypeError("it has collect without from: add from, what collect begins with");
  return {
    chain,
    concurrency,
    tolerance: toleranceOf(tolerate),
    tolerates: tolerate !== undefined,
    collect,
    from: freezeJson(checkJson(from)),
  };
}

/** How many of so many items may fail. */
function toleranceOf(tolerate: number | string | undefined): (items: number) => number {
  if (tolerate === undefined) return () => 0;
  if (typeof tolerate === "number" && Number.isInteger(tolerate) && tolerate >= 0) return () => tolerate;
  const percent = typeof tolerate === "string" ? /^(\d{1,3}(?:\.\d+)?) ?%$/.exec(tolerate)?.[1] : undefined;
  if (percent === undefined || Number(percent) > 100)
    throw new TypeError(`its tolerate is ${JSON.stringify(tolerate)}: use a whole number of items such as 5, or a share such as "10 %"`);
  return (items) => Math.floor((items * Number(percent)) / 100);
}

/** Its list is not stored yet. */
class Unplanned implements Standing {
  readonly output = undefined;
  readonly bytes = 0;
  private readonly path: string;
  private readonly mapping: Mapping;
  private readonly over: AnyMapOptions["over"];
  private readonly tries: Tries;

  constructor(path: string, mapping: Mapping, over: AnyMapOptions["over"], tries: Tries) {
    this.path = path;
    this.mapping = mapping;
    this.over = over;
    this.tries = tries;
  }

  get fatal(): Fatal | undefined {
    return this.tries.fatal;
  }

  take(path: string, fact: Fact): Standing {
    if (path !== this.path) return new Stray(path);
    if (!isRow(fact)) return new Unplanned(path, this.mapping, this.over, fact);
    const { items } = Object(fact.output) as { items?: readonly Json[] };
    return Array.isArray(items) ? Items.begin(path, this.mapping, items, fact.bytes, this.tries) : new Stray(path);
  }

  wake(now: number): Standing {
    const tries = wakeTries(this.tries, now);
    return tries === this.tries ? this : new Unplanned(this.path, this.mapping, this.over, tries);
  }

  look(scene: Scene): Look {
    const { path, tries } = this;
    const advice = "map over fewer or smaller items, such as references to them, or split the list over several runs";
    const plan = () => ({ items: checkItems(path, now(this.over(scene.state()), "its over")) });
    return { moves: [storing({ path, tries }, path, plan, { mostBytes: MAX_PLAN_BYTES, advice })] };
  }
}

function checkItems(path: string, items: unknown): readonly unknown[] {
  if (!Array.isArray(items)) throw new TypeError(`The over of "${path}" must return an array.`);
  if (items.length > MAX_ITEMS) throw new TooManyItemsError(path, items.length);
  return items;
}

/** The list of a `map` is longer than one run can take. */
export class TooManyItemsError extends Error {
  override readonly name = "TooManyItemsError";
  readonly node: string;
  readonly items: number;

  constructor(node: string, items: number) {
    super(`"${node}" has ${items} items, more than ${MAX_ITEMS}: split the list over several runs. None of them was started.`);
    this.node = node;
    this.items = items;
  }
}
