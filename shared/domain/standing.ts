import type { ErrorRecord } from "./errors.ts";
import type { Json } from "./json.ts";
import type { Mail } from "./mail.ts";
import type { Memos } from "./memos.ts";
import type { HandlerNode, State } from "./node.ts";

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
}

/** What may be done for a node. */
export type Move = AttemptMove | StoreMove | SleepMove | FailMove | RefuseMove | LoseMove;

/** Run its handler. */
export interface AttemptMove {
  readonly do: "attempt";
  readonly path: string;
  readonly node: HandlerNode;
  /** Its number. */
  readonly attempt: number;
  /** How many attempts before it the retry policy does not count. */
  readonly forgiven: number;
  /** As the handler sees it (default: that of the run). */
  readonly state?: (() => State) | undefined;
  /** What attempts before it have stored below its path. */
  readonly memos?: Memos | undefined;
  /** What its handler may hand out to others, who answer in its place. */
  readonly offer?: Offer | undefined;
}

/** What a handler hands out: who has it may answer, until it expires. */
export type Offer =
  /** A link for each choice. */
  | {
      readonly kind: "approval";
      readonly path: string;
      readonly generation: number;
      readonly choices: readonly string[];
      readonly expires: number;
    }
  /** A token. */
  | { readonly kind: "callback"; readonly path: string; readonly attempt: number; readonly expires: number };

/** Store what needs no handler: a plan, a case, a verdict. */
export interface StoreMove {
  readonly do: "store";
  readonly path: string;
  readonly output: Json;
  /** Its limit (default: that of an output). */
  readonly mostBytes?: number | undefined;
  /** What to do where it is larger. */
  readonly advice?: string | undefined;
  /** Where it fails when it cannot be stored. */
  readonly owner: Owner;
  /** Its number, where it counts as one (default: 0). */
  readonly attempt?: number | undefined;
  /** The numbers of the messages that it takes. */
  readonly consumes?: readonly number[] | undefined;
  /** Signals that did not come in time: if one did, it is not stored. */
  readonly timedOut?: readonly string[] | undefined;
}

/** Store when it ends, which is so long after now. */
export interface SleepMove {
  readonly do: "sleep";
  readonly path: string;
  readonly attempt: number;
  readonly durationMs: number;
}

/** Fail for good: a function of its author's has thrown, and would again. */
export interface FailMove {
  readonly do: "fail";
  readonly owner: Owner;
  readonly thrown: unknown;
  /** Signals that did not come in time: if one did, it does not fail. */
  readonly timedOut?: readonly string[] | undefined;
}

/** Take a message away that is none, and note why as a failed attempt. */
export interface RefuseMove {
  readonly do: "refuse";
  readonly owner: Owner;
  /** Its number. */
  readonly consumes: readonly number[];
  readonly thrown: unknown;
}

/** Count an attempt as failed that others were to end, and did not, or not well. */
export interface LoseMove {
  readonly do: "lose";
  readonly path: string;
  /** Its policy says whether there is another. */
  readonly node: HandlerNode;
  readonly attempt: number;
  readonly forgiven: number;
  readonly thrown: unknown;
  readonly retryable: boolean;
  /** The numbers of the messages that it takes. */
  readonly consumes: readonly number[];
  /** Signals that did not come in time: if one did, it has not failed. */
  readonly timedOut?: readonly string[] | undefined;
}

/** A path where a function of the author's may fail. */
export interface Owner {
  readonly path: string;
  readonly tries: Tries;
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
  for (const look of looks) {
    for (const move of look.moves) moves.push(move);
    if (look.names !== undefined) names = names === undefined ? look.names : [...names, ...look.names];
    overdue = sooner(overdue, look.overdue);
    until = sooner(until, look.until);
  }
  return names === undefined ? { moves, until } : { moves, until, names, overdue };
}

const sooner = (one?: number, other?: number) => (other === undefined || one! <= other ? one : other);

/** The failure that came first. */
export function earliest(fatals: Iterable<Fatal | undefined>): Fatal | undefined {
  let first: Fatal | undefined;
  for (const fatal of fatals) if (fatal !== undefined && (first === undefined || fatal.at < first.at)) first = fatal;
  return first;
}
