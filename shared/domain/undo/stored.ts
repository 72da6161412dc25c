import { beginChain, firstOf, type Chain, type ChainStanding } from "../chain.ts";
import type { Json } from "../json.ts";
import type { HandlerNode, State, StoredRows } from "../node.ts";
import { indexText } from "../parts.ts";
import { isRow, type Fact } from "../standing.ts";

type Told = readonly [path: string, fact: Fact];
type Sorted = readonly [key: string, path: string, fact: Fact];

/** What has failed at a path is told after the rows below it, which came before it failed. */
export function keyOf([path, fact]: Told): string {
  return isRow(fact) ? path : `${path}/\x7f`;
}

/** Everything that is stored of a run, in the order in which a standing is told it. */
export class StoredFacts implements StoredRows {
  private readonly outputs: Readonly<Record<string, Json>>;
  private readonly facts: readonly Sorted[];
  /** The run's own chain, which all ask for. */
  private top: ChainStanding | undefined;

  constructor(outputs: Readonly<Record<string, Json>>, facts: readonly Told[]) {
    this.outputs = outputs;
    const own = facts.filter(([path]) => !path.startsWith("~")).map(([path, fact]): Sorted => [keyOf([path, fact]), path, fact]);
    this.facts = own.sort(([one], [other]) => (one < other ? -1 : 1));
  }

  readonly at = (path: string): Json | undefined => (Object.hasOwn(this.outputs, path) ? this.outputs[path] : undefined);

  readonly outputOf = (chain: Chain, prefix: string): Json => this.standingOf(chain, prefix).output ?? null;

  /** Where a chain stands. What slept in it is over, or the run has ended before. */
  private standingOf(chain: Chain, prefix: string): ChainStanding {
    if (prefix === "" && this.top !== undefined) return this.top;
    const told = this.facts.slice(this.firstAfter(prefix), this.firstAfter(`${prefix}\x7f`));
    const standing = told.reduce((at, [, path, fact]) => at.take(path, fact), beginChain(chain, prefix)).wake(Infinity);
    if (prefix === "") this.top = standing;
    return standing;
  }

  private firstAfter(path: string): number {
    let [low, high] = [0, this.facts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.facts[middle]![0] < path) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** What the node at a path saw. */
  stateAt(chain: Chain, path: string, input: Json): State {
    const state: Record<string, Json> & { input: Json } = { input };
    let [at, prefix]: [Chain, string] = [chain, ""];
    for (;;) {
      const name = firstOf(path, prefix.length);
      Object.assign(state, this.outputsBefore(at, prefix, name));
      const inside = at.nodes[at.positions.get(name)!]!.inside?.(prefix + name, path.slice(prefix.length + name.length + 1));
      if (inside === undefined) return Object.freeze(state);
      Object.assign(state, inside.turn?.(this));
      [at, prefix] = [inside.chain, inside.prefix];
    }
  }

  private outputsBefore(chain: Chain, prefix: string, name: string): Record<string, Json> {
    const { outputs } = this.standingOf(chain, prefix);
    const before = chain.nodes.slice(0, chain.positions.get(name));
    return Object.fromEntries(before.map((node, n) => [node.name, outputs.at(n) ?? null]));
  }
}

/** The node whose own row has this path; undefined: it is a row of something else. */
export function nodeAt(chain: Chain, path: string): HandlerNode | undefined {
  let [at, prefix]: [Chain, string] = [chain, ""];
  for (;;) {
    const name = firstOf(path, prefix.length);
    const node = at.nodes[at.positions.get(name) ?? -1];
    if (node === undefined || prefix.length + name.length === path.length) return node as HandlerNode | undefined;
    const inside = node.inside?.(prefix + name, path.slice(prefix.length + name.length + 1));
    if (inside === undefined) return undefined;
    [at, prefix] = [inside.chain, inside.prefix];
  }
}

/**
 * Where the node of a path comes in its run: as texts they are in the order of the chains. Who
 * tests with a clock that stands finds all nodes over at the same moment.
 */
export function rankOf(chain: Chain, path: string): string {
  let [at, prefix, rank] = [chain, "", ""];
  for (;;) {
    const name = firstOf(path, prefix.length);
    const position = at.positions.get(name)!;
    const below = prefix.length + name.length + 1;
    rank += `${indexText(position)}/`;
    const inside = at.nodes[position]!.inside?.(prefix + name, path.slice(below));
    if (inside === undefined) return rank;
    rank += inside.prefix.slice(below);
    [at, prefix] = [inside.chain, inside.prefix];
  }
}
