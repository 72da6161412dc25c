import { now, storing } from "../author.ts";
import { chainHolds, firstOf, type Chain } from "../chain.ts";
import type { Json } from "../json.ts";
import type { Node } from "../node.ts";
import { optionsOf } from "../options.ts";
import { indexBytes, indexOf, longestOfChain, shapeOfChain, heldIn } from "../parts.ts";
import { EACH } from "../path.ts";
import { isRow, noTries, Stray, wakeTries, type Fact, type Fatal, type Look, type Scene, type Standing, type Tries } from "../standing.ts";
import { itemInside } from "./turns.ts";
import { FOLD } from "./item-runs.ts";
import { Items, type Mapping } from "./map-items.ts";
import { checkConcurrency, checkItems, LIST_OPTIONS, resolveList, type AnyMapOptions } from "./map-options.ts";

/** The most items of one list. */
export const MAX_ITEMS = 10_000;
/** The largest list, in bytes of JSON as the database writes it. */
export const MAX_PLAN_BYTES = 1024 * 1024;

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
  const { concurrency = 10 } = optionsOf("a map", options, LIST_OPTIONS);
  checkConcurrency(concurrency, MAX_ITEMS);
  if (chain.nodes.length === 0) throw new TypeError("its chain has no nodes: add what is done for each item");
  return { ...resolveList(options), chain, concurrency };
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
    const plan = () => ({
      items: checkItems(path, now(this.over(scene.state()), "its over"), MAX_ITEMS, "split the list over several runs"),
    });
    return { moves: [storing({ path, tries }, path, plan, { mostBytes: MAX_PLAN_BYTES, advice })] };
  }
}
