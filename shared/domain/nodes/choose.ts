import { attempting, marking, now } from "../author.ts";
import { beginChain, chainHolds, firstOf, type ChainStanding } from "../chain.ts";
import type { Json } from "../json.ts";
import type { Node, State } from "../node.ts";
import { requireFunction } from "../options.ts";
import { longestOf, shapeOfParts, skipsOfParts, type Parts, heldIn, insideParts } from "../parts.ts";
import type { Move } from "../moves.ts";
import { isRow, noTries, Stray, wakeTries, type Fact, type Fatal, type Look, type Scene, type Standing, type Tries } from "../standing.ts";
import type { AnySubChain, ArmOf, Ending, EndsOf, Grown, LastOf, NewName, Place, SubChain } from "../workflow-types.ts";

/** How a chain gets arms. */
export interface ChooseMethods<Of extends Place, State> {
  /**
   * Does one of several chains, its arms: the function says which, once; what it said is stored
   * before the arm starts. The output is `{ case, output }`. An arm may end the run (`end`).
   */
  choose<const NodeName extends string, Arms extends Readonly<Record<string, AnySubChain>>>(
    name: NewName<State, NodeName>,
    pick: (state: Readonly<State>) => keyof NoInfer<Arms> & string,
    arms: { readonly [Name in keyof Arms]: (chain: SubChain<ArmOf<Of>, State, null>) => Arms[Name] },
  ): Grown<Ending<Of, EndsOf<Arms[keyof Arms]>>, State, NodeName, CaseOf<Arms>>;
}

/** What a `choose` comes to: one of the cases that do not end the run. */
export type CaseOf<Arms extends Readonly<Record<string, AnySubChain>>> = {
  [Name in keyof Arms & string]: [LastOf<Arms[Name]>] extends [never]
    ? never
    : { readonly case: Name; readonly output: LastOf<Arms[Name]> };
}[keyof Arms & string];

export type AnyPick = (state: State) => string;

interface Choice {
  readonly path: string;
  readonly pick: AnyPick;
  readonly arms: Parts;
}

/**
 * One of several chains. Its own row, `{ case }`, is the decision, stored before the arm starts and
 * never made again; the arm's nodes have their rows below `x/case/`.
 */
export function chooseNode(name: string, pick: AnyPick, arms: Parts): Node {
  requireFunction(pick, 'it has no function that chooses: write ({ input }) => "…"');
  return {
    kind: "choose",
    name,
    shape: shapeOfParts("choose", name, arms),
    ...heldIn(arms),
    pathBytes: longestOf(name, arms),
    rowIsOutput: false,
    inside: (path, below) => insideParts(arms, path, below),
    skips: (path) => skipsOfParts(path, arms),
    begin: (path) => new Open({ path, pick, arms }, noTries),
    holds: (below) => below === "" || holdsIn(arms, below),
  };
}

function holdsIn(arms: Parts, below: string): boolean {
  const arm = firstOf(below);
  const chain = arms.get(arm);
  return chain !== undefined && chainHolds(chain, below.slice(arm.length + 1));
}

/** No arm is chosen yet. */
class Open implements Standing {
  readonly output = undefined;
  readonly bytes = 0;
  private readonly choice: Choice;
  private readonly tries: Tries;

  constructor(choice: Choice, tries: Tries) {
    this.choice = choice;
    this.tries = tries;
  }

  get fatal(): Fatal | undefined {
    return this.tries.fatal;
  }

  take(path: string, fact: Fact): Standing {
    if (path !== this.choice.path) return new Stray(path);
    if (!isRow(fact)) return new Open(this.choice, fact);
    const arm = caseOf(fact.output);
    const chain = arm === undefined ? undefined : this.choice.arms.get(arm);
    if (chain === undefined) return new Stray(path);
    return new Chosen(path, arm!, beginChain(chain, `${path}/${arm}/`), fact.bytes);
  }

  wake(now: number): Standing {
    const tries = wakeTries(this.tries, now);
    return tries === this.tries ? this : new Open(this.choice, tries);
  }

  look(scene: Scene): Look {
    return { moves: [this.decide(scene)] };
  }

  private decide(scene: Scene): Move {
    const { path, pick, arms } = this.choice;
    const owner = { path, tries: this.tries };
    return attempting(owner, () => {
      const arm: unknown = now(pick(scene.state()), "it");
      if (typeof arm === "string" && arms.has(arm)) return marking(owner, path, { case: arm });
      throw new UnknownCaseError(path, arm, [...arms.keys()]);
    });
  }
}

function caseOf(output: Json): string | undefined {
  const { case: arm } = Object(output) as { case?: unknown };
  return typeof arm === "string" ? arm : undefined;
}

class Chosen implements Standing {
  private readonly path: string;
  private readonly arm: string;
  private readonly chain: ChainStanding;
  private readonly ownBytes: number;

  constructor(path: string, arm: string, chain: ChainStanding, ownBytes: number) {
    this.path = path;
    this.arm = arm;
    this.chain = chain;
    this.ownBytes = ownBytes;
  }

  get output(): Json | undefined {
    const { output } = this.chain;
    return output === undefined ? undefined : Object.freeze({ case: this.arm, output });
  }

  get ended(): Json | undefined {
    return this.chain.ended;
  }

  get fatal(): Fatal | undefined {
    return this.chain.fatal;
  }

  get bytes(): number {
    return this.ownBytes + this.chain.bytes;
  }

  get stray(): string | undefined {
    return this.chain.stray;
  }

  take(path: string, fact: Fact): Standing {
    if (path.startsWith(`${this.path}/${this.arm}/`)) return this.with(this.chain.take(path, fact));
    return path === this.path ? this : new Stray(path);
  }

  wake(now: number): Standing {
    return this.with(this.chain.wake(now));
  }

  private with(chain: ChainStanding): Standing {
    return chain === this.chain ? this : new Chosen(this.path, this.arm, chain, this.ownBytes);
  }

  look(scene: Scene): Look {
    return this.chain.look(scene);
  }
}

/** The function of a `choose` returned what names no arm. */
export class UnknownCaseError extends Error {
  override readonly name = "UnknownCaseError";
  readonly node: string;
  readonly value: unknown;

  constructor(node: string, value: unknown, arms: readonly string[]) {
    const shown =
      typeof value === "string" ? JSON.stringify(value) : typeof value === "object" && value !== null ? "an object" : String(value);
    super(`"${node}" chose ${shown}, which is none of its arms: return ${arms.map((arm) => `"${arm}"`).join(" or ")}.`);
    this.node = node;
    this.value = value;
  }
}
