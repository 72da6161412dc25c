import { beginChain, chainHolds, firstOf, type Chain, type ChainStanding } from "../chain.ts";
import type { Json } from "../json.ts";
import type { Node } from "../node.ts";
import { earliest, lookTogether, type Fact, type Fatal, type Look, type Scene, type Standing } from "../standing.ts";
import { longestOf, shapeOfParts, skipsOfParts, type Parts, heldIn, insideParts } from "../parts.ts";
import type { AnySubChain, Branch, Grown, LastOf, NewName, Place, SubChain } from "../workflow-types.ts";

/** How a chain gets branches. */
export interface AllMethods<Of extends Place, State> {
  /**
   * Does several chains side by side, and goes on when all are over: the output is an object by
   * branch. Each step is stored alone. The first branch that fails for good aborts the others, and
   * fails the run.
   */
  all<const NodeName extends string, Branches extends Readonly<Record<string, AnySubChain>>>(
    name: NewName<State, NodeName>,
    branches: { readonly [Name in keyof Branches]: (chain: SubChain<Branch, State, null>) => Branches[Name] },
  ): Grown<Of, State, NodeName, { readonly [Name in keyof Branches]: LastOf<Branches[Name]> }>;
}

/**
 * Chains side by side. It has no row of its own: it is over when all its branches are, whose nodes
 * have their rows below `x/branch/`.
 */
export function allNode(name: string, branches: Parts): Node {
  const positions = new Map([...branches.keys()].map((branch, n) => [branch, n]));
  const chains = [...branches.values()];
  if (chains.every(({ nodes }) => nodes.length === 0))
    throw new TypeError("none of its branches has a node: add what is done side by side");
  return {
    kind: "all",
    name,
    shape: shapeOfParts("all", name, branches),
    ...heldIn(branches),
    pathBytes: longestOf(name, branches),
    rowIsOutput: false,
    inside: (path, below) => insideParts(branches, path, below),
    skips: (path) => skipsOfParts(path, branches),
    begin: (path) =>
      new Side(
        path,
        positions,
        [...branches].map(([branch, chain]) => beginChain(chain, `${path}/${branch}/`)),
      ),
    holds: (below) => holdsIn(positions, chains, below),
  };
}

function holdsIn(positions: ReadonlyMap<string, number>, chains: readonly Chain[], below: string): boolean {
  const branch = firstOf(below);
  const position = positions.get(branch);
  return position !== undefined && chainHolds(chains[position]!, below.slice(branch.length + 1));
}

class Side implements Standing {
  readonly output: Json | undefined;
  readonly fatal: Fatal | undefined;
  private readonly path: string;
  private readonly positions: ReadonlyMap<string, number>;
  private readonly chains: readonly ChainStanding[];

  constructor(path: string, positions: ReadonlyMap<string, number>, chains: readonly ChainStanding[]) {
    this.path = path;
    this.positions = positions;
    this.chains = chains;
    this.fatal = earliest(chains.map(({ fatal }) => fatal));
    if (chains.every(({ output }) => output !== undefined))
      this.output = Object.freeze(Object.fromEntries([...positions].map(([branch, n]) => [branch, chains[n]!.output])));
  }

  get bytes(): number {
    return this.chains.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get stray(): string | undefined {
    return this.chains.find(({ stray }) => stray !== undefined)?.stray;
  }

  take(path: string, fact: Fact): Standing {
    const position = this.positions.get(firstOf(path, this.path.length + 1));
    return position === undefined ? this : this.with(this.chains.map((chain, n) => (n === position ? chain.take(path, fact) : chain)));
  }

  wake(now: number): Standing {
    return this.with(this.chains.map((chain) => chain.wake(now)));
  }

  private with(chains: readonly ChainStanding[]): Standing {
    return chains.every((chain, n) => chain === this.chains[n]) ? this : new Side(this.path, this.positions, chains);
  }

  look(scene: Scene): Look {
    return lookTogether(this.chains.filter(({ output }) => output === undefined).map((chain) => chain.look(scene)));
  }
}
