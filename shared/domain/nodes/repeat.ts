import { attempting, marking, now } from "../author.ts";
import { beginChain, chainHolds, type Chain, type ChainStanding } from "../chain.ts";
import { toSleepMilliseconds, type Duration } from "../duration.ts";
import type { Json } from "../json.ts";
import type { Node, State } from "../node.ts";
import { optionsOf, requireFunction } from "../options.ts";
import type { AnySubChain, Branch, ChainStateOf, Grown, LastOf, NewName, Place, SubChain, With } from "../workflow-types.ts";
import { indexBytes, indexOf, indexText, isReadWhole, longestOfChain, MAX_INDEX, shapeOfChain, heldIn } from "../parts.ts";
import { EACH } from "../path.ts";
import type { Move, Owner } from "../moves.ts";
import { passInside } from "./turns.ts";
import {
  isRow,
  later,
  noTries,
  Over,
  Stray,
  Turn,
  wakeTries,
  type Fact,
  type Fatal,
  type Look,
  type Scene,
  type Standing,
  type Tries,
} from "../standing.ts";

export interface AnyRepeatOptions {
  readonly until: (state: State & { readonly last: Readonly<Record<string, Json>> }) => boolean;
  readonly max: number;
  readonly every?: Duration | undefined;
}

/** The most passes that a repeat may ask for. */
export const MAX_PASSES = 10_000;

/** What the chain of a `repeat` sees beside what is around it. */
interface PassTurn {
  /** The number of the pass, from 0. */
  readonly index: number;
  /** What the pass before came to; null in the first. */
  readonly previous: Json;
}

export interface RepeatOptions {
  /** How many passes there may be, up to 10,000: after that the run fails. */
  readonly max: number;
  /** A pause between two passes (default: none). */
  readonly every?: Duration;
}

/** What is said of a pass that is over. */
export interface Until<State, Last> {
  /** Whether it was the last one: `last` holds the outputs of its nodes. Asked once. */
  readonly until: (state: Readonly<State> & { readonly last: Last }) => boolean;
}

/** How a chain gets a loop. */
export interface RepeatMethods<Of extends Place, State> {
  /**
   * Does a chain again and again, `until` its last pass says so. The output is that of the last
   * pass; earlier ones are history. After the chain `until` knows the types of its nodes; before it
   * TypeScript has not seen them.
   */
  repeat<const NodeName extends string, Chain extends AnySubChain>(
    name: NewName<State, NodeName>,
    options: RepeatOptions & { readonly until?: never },
    chain: (chain: SubChain<Branch, With<State, PassTurn>, null>) => Chain,
    ending: Until<State, Omit<ChainStateOf<Chain>, keyof State | keyof PassTurn>>,
  ): Grown<Of, State, NodeName, LastOf<Chain>>;
  repeat<const NodeName extends string, Chain extends AnySubChain>(
    name: NewName<State, NodeName>,
    // oxlint-disable-next-line typescript/no-explicit-any -- nothing is known of the chain here
    options: RepeatOptions & Until<State, Readonly<Record<string, any>>>,
    chain: (chain: SubChain<Branch, With<State, PassTurn>, null>) => Chain,
  ): Grown<Of, State, NodeName, LastOf<Chain>>;
}

/** Below a pass: another one follows, after the pause that is slept there. */
const AGAIN = "~again";
/** Below the node: it is over, with the pass of that index. */
const OVER = "~over";
const OPTION_NAMES = ["until", "max", "every"];

interface Loop {
  readonly chain: Chain;
  readonly until: AnyRepeatOptions["until"];
  readonly max: number;
  readonly everyMs: number | undefined;
}

/**
 * A chain that is repeated until its author says so. A pass has its rows below `x/00017/`; what was
 * said of it is stored: `x/00017/~again` before the next one, `x/~over` after the last.
 */
export function repeatNode(name: string, options: AnyRepeatOptions, chain: Chain): Node {
  const loop = { chain, ...resolveOptions(options, chain) };
  return {
    kind: "repeat",
    name,
    shape: `repeat:${name}(${shapeOfChain(chain)})`,
    ...heldIn([[EACH, chain]]),
    pathBytes: name.length + 1 + indexBytes + Math.max(AGAIN.length, longestOfChain(chain)),
    rowIsOutput: false,
    inside: (path, below) => passInside(chain, path, below),
    skips: (path) => [{ path, floor: "pass" }],
    begin: (path) => new Pass(loop, path, 0, beginPass(loop, path, 0), null, noTries, 0),
    holds: (below) => below === OVER || (indexOf(below, 0) >= 0 && holdsInPass(chain, below.slice(indexBytes))),
  };
}

function resolveOptions(options: AnyRepeatOptions, chain: Chain) {
  optionsOf("a repeat", options, OPTION_NAMES);
  const { until, max, every } = options;
  requireFunction(until, "its until is no function: write until: ({ last }) => …");
  if (chain.nodes.length === 0) throw new TypeError("its chain has no nodes: add what is done in each pass");
  if (!Number.isInteger(max) || max < 1 || max > MAX_PASSES)
    throw new TypeError(`its max is ${String(max)}: use a whole number from 1 to ${MAX_PASSES}`);
  const everyMs = every === undefined ? undefined : toSleepMilliseconds(every);
  if (everyMs === 0) throw new TypeError(`its every of "${every}" is no pause: use at least "1 millisecond", or leave every out`);
  return { until, max, everyMs };
}

function holdsInPass(chain: Chain, below: string): boolean {
  return below === AGAIN || chainHolds(chain, below);
}

function beginPass({ chain }: Loop, path: string, index: number): ChainStanding {
  return beginChain(chain, `${path}/${indexText(index)}/`);
}

/** The pass that it has come to; those before are history. */
class Pass implements Standing {
  readonly output = undefined;
  private readonly loop: Loop;
  private readonly path: string;
  private readonly index: number;
  private readonly chain: ChainStanding;
  /** The output of the pass before. */
  private readonly previous: Json;
  private readonly tries: Tries;
  /** When the next pass begins, in the pause before it. */
  private readonly pause: number | undefined;
  /** The size of passes before that a claim reads: of the last one, for what it came to. */
  private readonly before: number;

  constructor(loop: Loop, path: string, index: number, chain: ChainStanding, previous: Json, tries: Tries, before: number, pause?: number) {
    this.loop = loop;
    this.path = path;
    this.index = index;
    this.chain = chain;
    this.previous = previous;
    this.tries = tries;
    this.before = before;
    this.pause = pause;
  }

  get fatal(): Fatal | undefined {
    return later(this.tries.fatal, this.chain.fatal);
  }

  get bytes(): number {
    return this.before + this.chain.bytes;
  }

  get stray(): string | undefined {
    return this.chain.stray;
  }

  take(path: string, fact: Fact): Standing {
    if (path === this.path && !isRow(fact)) return this.with({ tries: fact });
    const isOver = path === `${this.path}/${OVER}`;
    const index = isOver ? Infinity : indexOf(path, this.path.length + 1);
    if (index < this.index) return this;
    if (index === this.index && path !== this.againPath) return this.with({ chain: this.chain.take(path, fact) });
    const output = this.passOutput;
    // Of earlier passes than the last two a claim reads nothing.
    if (output === undefined && (isOver || index === this.index || this.bytes > 0)) return new Stray(path);
    if (isOver) return new Over(output!, this.bytes);
    return index === this.index ? this.goOn(fact) : this.begin(index).take(path, fact);
  }

  private goOn({ notBefore }: Fact): Pass {
    return notBefore === undefined ? this.begin(this.index + 1) : this.with({ pause: notBefore });
  }

  private begin(index: number): Pass {
    const before = isReadWhole(this.path) ? this.bytes : this.chain.bytes;
    return new Pass(this.loop, this.path, index, beginPass(this.loop, this.path, index), this.passOutput ?? null, this.tries, before);
  }

  /** That of a pass with something after it, whatever the clock says. */
  private get passOutput(): Json | undefined {
    return this.chain.wake(Infinity).output;
  }

  private get againPath(): string {
    return `${this.path}/${indexText(this.index)}/${AGAIN}`;
  }

  private with({ chain = this.chain, tries = this.tries, pause = this.pause }): Pass {
    if (chain === this.chain && tries === this.tries && pause === this.pause) return this;
    return new Pass(this.loop, this.path, this.index, chain, this.previous, tries, this.before, pause);
  }

  wake(now: number): Standing {
    if (this.pause !== undefined) return this.pause <= now ? this.begin(this.index + 1) : this;
    return this.with({ chain: this.chain.wake(now), tries: wakeTries(this.tries, now) });
  }

  look(scene: Scene): Look {
    if (this.pause !== undefined) return { moves: [], until: this.pause };
    if (this.chain.output === undefined) return this.chain.look(new Turn(scene, { index: this.index, previous: this.previous }));
    return { moves: [this.ask(scene)] };
  }

  private ask(scene: Scene): Move {
    const { loop, path, index, chain } = this;
    const owner: Owner = { path, tries: this.tries };
    return attempting(owner, () => {
      const isOver = now(loop.until({ ...scene.state(), last: chain.ownState() }), "its until");
      if (typeof isOver !== "boolean") throw new TypeError(`its until returned ${String(isOver)}: return true or false`);
      if (isOver) return marking(owner, `${path}/${OVER}`, index);
      if (index + 1 >= this.mostPasses) throw new RepeatedTooOftenError(path, this.mostPasses);
      return loop.everyMs === undefined
        ? marking(owner, this.againPath, null)
        : { do: "sleep", path: this.againPath, attempt: 1, durationMs: loop.everyMs };
    });
  }

  /** A redrive lets it go on for as many passes again. */
  private get mostPasses(): number {
    return Math.min(this.loop.max * (1 + this.tries.forgiven), MAX_INDEX);
  }
}

/** A `repeat` has made all its passes, and is not over. */
export class RepeatedTooOftenError extends Error {
  override readonly name = "RepeatedTooOftenError";
  readonly node: string;
  readonly passes: number;

  constructor(node: string, passes: number) {
    super(`"${node}" is not over after ${passes} passes: a redrive lets it go on for as many again, or raise its max.`);
    this.node = node;
    this.passes = passes;
  }
}
