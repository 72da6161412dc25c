import type { ErrorRecord } from "./errors.ts";
import type { Family } from "./family.ts";
import type { Json } from "./json.ts";
import type { Mail } from "./mail.ts";
import type { Move } from "./moves.ts";
import type { State } from "./node.ts";

/** What is stored at a path: of a handler its output, of others what their kind says. */
export interface Row {
  readonly output: Json;
  /** Of JSON, as the database writes it. */
  readonly bytes: number;
  /** When that of a sleep is over, in milliseconds since 1970, by the database's clock. */
  readonly notBefore?: number | undefined;
}

/** The failed attempts at a path. */
export interface Tries {
  readonly failures: number;
  /** How many of these a redrive has forgiven: the retry policy no longer counts them. */
  readonly forgiven: number;
  /** When the next one may begin, where that is ahead. */
  readonly notBefore?: number | undefined;
  /** The last one failed for good, and no redrive has forgiven it. */
  readonly fatal?: Fatal | undefined;
  /** The last one failed for good, and a redrive has forgiven it. */
  readonly pardoned?: Fatal | undefined;
}

/** A failure for good. */
export interface Fatal {
  /** In milliseconds since 1970. */
  readonly at: number;
  readonly error: ErrorRecord;
}

/** Something that is stored at a path, or has changed there. */
export type Fact = Row | Tries;

/**
 * Where a node stands, by what is stored at its path and below. A value: what is stored next makes
 * another one, which shares all that has not changed.
 */
export interface Standing {
  /** What it has come to, as the state shows it; undefined: it is not over. */
  readonly output: Json | undefined;
  /** The run's output, where the run ends with it. */
  readonly ended?: Json | undefined;
  /** It has failed for good, and with it what it is in. */
  readonly fatal: Fatal | undefined;
  /** What is stored of it and still needed, as JSON. */
  readonly bytes: number;
  /** The path of a row that nothing before it explains. */
  readonly stray?: string | undefined;
  /** With one more fact, at its path or below. */
  take(path: string, fact: Fact): Standing;
  /**
   * At this time: what sleeps or backs off until then does no longer. At `Infinity` the run is
   * known to have gone on from here: what has failed and was forgiven has failed all the same.
   */
  wake(now: number): Standing;
  /** What may be done for it. Asked only while it is not over. */
  look(scene: Scene): Look;
}

/** What a node sees of its run. */
export interface Scene {
  /** As handlers there see it. */
  state(): State;
  /** The messages to the run. */
  mail(): Mail;
  /** How its children have ended. */
  family(): Family;
  /** How often the run was redriven. */
  redrives(): number;
  /** Whether an attempt at a path has begun and did not come back. */
  isOut(path: string): boolean;
}

/** What is seen around a node, and something more. */
export class Turn implements Scene {
  private readonly around: Scene;
  private readonly more: Readonly<Record<string, Json>>;

  constructor(around: Scene, more: Readonly<Record<string, Json>>) {
    this.around = around;
    this.more = more;
  }

  state(): State {
    return { ...this.around.state(), ...this.more };
  }

  mail(): Mail {
    return this.around.mail();
  }

  family(): Family {
    return this.around.family();
  }

  redrives(): number {
    return this.around.redrives();
  }

  isOut(path: string): boolean {
    return this.around.isOut(path);
  }
}

/** What may be done, and when more may, in milliseconds since 1970. */
export interface Look {
  readonly moves: readonly Move[];
  readonly until?: number | undefined;
  /** Names of signals that are awaited. */
  readonly names?: readonly string[] | undefined;
  /** When the time for some of them was over: whether one came is to be asked now. */
  readonly overdue?: number | undefined;
  /** Paths of nodes that await a child. */
  readonly children?: readonly string[] | undefined;
  /** The next answer tells more of them: the run stays for it. */
  readonly told?: true | undefined;
}

export const noTries: Tries = Object.freeze({ failures: 0, forgiven: 0 });

export function isRow(fact: Fact): fact is Row {
  return "output" in fact;
}

/** The tries without a time that has come. */
export function wakeTries(tries: Tries, now: number): Tries {
  const { pardoned } = tries;
  if (now === Infinity && pardoned !== undefined) return { ...tries, fatal: pardoned, pardoned: undefined };
  return tries.notBefore === undefined || tries.notBefore > now ? tries : { ...tries, notBefore: undefined };
}

/** Nothing that comes later changes it, and nothing is to be done for it. */
class Still {
  take(): this {
    return this;
  }

  wake(): this {
    return this;
  }

  look(): Look {
    return nothing;
  }
}

/** Is over. */
export class Over extends Still implements Standing {
  readonly output: Json;
  readonly bytes: number;
  readonly ended: Json | undefined;
  readonly fatal = undefined;

  constructor(output: Json, bytes: number, ended?: Json) {
    super();
    this.output = output;
    this.bytes = bytes;
    this.ended = ended;
  }
}

/** What is stored is of another shape of the workflow: the run waits for code that has it. */
export class Stray extends Still implements Standing {
  readonly output = undefined;
  readonly fatal = undefined;
  readonly bytes = 0;
  readonly stray: string;

  constructor(path: string) {
    super();
    this.stray = path;
  }
}

export const nothing: Look = Object.freeze({ moves: Object.freeze([]) });

/** What may be done for several, side by side. */
export function lookTogether(looks: Iterable<Look>): Look {
  const moves: Move[] = [];
  let [until, overdue]: [number?, number?] = [];
  let names: readonly string[] | undefined;
  let children: readonly string[] | undefined;
  let told: true | undefined;
  for (const look of looks) {
    for (const move of look.moves) moves.push(move);
    if (look.names !== undefined) names = names === undefined ? look.names : [...names, ...look.names];
    overdue = sooner(overdue, look.overdue);
    until = sooner(until, look.until);
    if (look.children !== undefined) children = children === undefined ? look.children : [...children, ...look.children];
    told ??= look.told;
  }
  return names === undefined ? { moves, until, children, told } : { moves, until, names, overdue, children, told };
}

const sooner = (one?: number, other?: number) => (other === undefined || one! <= other ? one : other);

/**
 * Of a node's own failure and that of what it holds, the later one: where there are both, a redrive
 * has forgiven the earlier, and the node has gone on from it.
 */
export function later(one: Fatal | undefined, other: Fatal | undefined): Fatal | undefined {
  return one === undefined || (other !== undefined && other.at >= one.at) ? other : one;
}

/** The failure that came first. */
export function earliest(fatals: Iterable<Fatal | undefined>): Fatal | undefined {
  let first: Fatal | undefined;
  for (const fatal of fatals) if (fatal !== undefined && (first === undefined || fatal.at < first.at)) first = fatal;
  return first;
}
