import type { Came, Decision } from "../../domain/decision.ts";
import type { ErrorRecord } from "../../domain/errors.ts";
import type { Json, JsonObject } from "../../domain/json.ts";
import { jsonbBytes } from "../../domain/jsonb-bytes.ts";
import type { Run } from "../../domain/run.ts";
import type { Statement } from "../../domain/statement.ts";
import type { Attempt } from "./attempt.ts";

/** An attempt that came back, with what it asks for beside its output. */
export interface CameBack extends Came {
  /** Those of a `sql` node. */
  readonly statements?: readonly Statement[];
  /** What it changes of its run's attributes. */
  readonly patch?: JsonObject;
}

/** A run that a lease holds. Only the lease and its results call what changes it. */
export class Member {
  /** Its number in the lease; requests and answers say `place`. */
  readonly slot: number;
  #run: Run;
  /** Paths whose attempts wait for a handler, run, or came back and are not decided on. */
  readonly #out = new Set<string>();
  /** Those that began and are not stored: an abort tells them, also when they came back. */
  #attempts: Attempt[] = [];
  #came: CameBack[] = [];
  #ahead: Decision | undefined;
  #gone = false;
  #callOff: (() => void) | undefined;

  constructor(slot: number, run: Run) {
    this.slot = slot;
    this.#run = run;
  }

  get run(): Run {
    return this.#run;
  }

  get out(): ReadonlySet<string> {
    return this.#out;
  }

  /** It left, or was taken away: whatever its handlers still return is dropped. */
  get gone(): boolean {
    return this.#gone;
  }

  get isDecidedAhead(): boolean {
    return this.#ahead !== undefined;
  }

  /** The decision that was made before its round, unless something came back since. */
  takeAhead(): Decision | undefined {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return ahead;
  }

  /** What was decided is stored. */
  update(run: Run): void {
    this.#run = run;
    if (this.#out.size === 0) this.#attempts.length = 0;
    else if (this.#attempts.length > 2 * this.#out.size) this.#attempts = this.#attempts.filter(({ path }) => this.#out.has(path));
  }

  /** An attempt is to begin. */
  expect(path: string): void {
    this.#out.add(path);
  }

  begin(attempt: Attempt): void {
    this.#attempts.push(attempt);
  }

  comeBack(came: CameBack): void {
    this.#ahead = undefined;
    this.#out.add(came.path);
    this.#came.push(came);
  }

  decideAhead(decision: Decision): void {
    this.#ahead = decision;
  }

  /** Gives what came back and is to be decided on now, so many at most. */
  takeCame(which: (came: CameBack) => boolean, most = Infinity): CameBack[] {
    // Mostly it is one alone.
    const isAll = this.#came.length <= most && this.#came.every(which);
    const taken = isAll ? this.#came : this.#came.filter(which).slice(0, most);
    this.#came = isAll ? [] : this.#came.filter((came) => !taken.includes(came));
    for (const { path } of taken) this.#out.delete(path);
    return taken;
  }

  /** What came of an attempt and is not decided on yet, replaced by something else. */
  replaceCame(isMeant: (came: CameBack) => boolean, replace: (came: CameBack) => CameBack): boolean {
    const at = this.#came.findIndex(isMeant);
    if (at < 0) return false;
    this.#came[at] = replace(this.#came[at]!);
    return true;
  }

  has(which: (came: CameBack) => boolean): boolean {
    return this.#came.some(which);
  }

  /** There is something to decide on at a time; the next decision calls it off. */
  waitFor(callOff: (() => void) | undefined): void {
    this.#callOff?.();
    this.#callOff = callOff;
  }

  leave(): void {
    this.#gone = true;
    this.waitFor(undefined);
  }

  abort(reason: Error): void {
    for (const attempt of this.#attempts) attempt.abort(reason);
  }
}

/** What was decided of a member, from what came back. */
export interface Decided {
  readonly kind: "decided";
  readonly member: Member;
  readonly came: readonly CameBack[];
  readonly decision: Decision;
}

/** A member that leaves without a decision. */
export type Leaving =
  | {
      readonly kind: "block";
      readonly member: Member;
      readonly workflow: string;
      readonly version: number;
      readonly shape: string;
      readonly reason: string;
    }
  | { readonly kind: "release"; readonly member: Member }
  /** It cannot go on: it fails with this, without an attempt. */
  | { readonly kind: "fail"; readonly member: Member; readonly error: ErrorRecord }
  /** Nothing of it can be stored: it is given back, to be looked at later. */
  | { readonly kind: "park"; readonly member: Member; readonly delayMs: number };

/** What goes into a round. */
export type Entry = Decided | Leaving;

/** Whether its run leaves the lease with it. */
export function leaves(entry: Entry): boolean {
  return entry.kind !== "decided" || entry.decision.fate.kind !== "stay";
}

/** A decision of which nothing is to be stored. */
export function isSilent({ rows, failures, sleeps, fate }: Decision): boolean {
  return rows.length + failures.length + sleeps.length === 0 && fate.kind === "stay";
}

/** How many attempts a round stores of it. */
export function countSteps({ rows, failures, sleeps }: Decision): number {
  return rows.length + failures.length + sleeps.length;
}

/**
 * What an entry adds to a request, but for a few names and numbers. The error that ends a run is
 * sent twice.
 */
export function bytesOf(entry: Entry): number {
  if (entry.kind !== "decided") return 0;
  const { rows, failures } = entry.decision;
  let sum = 0;
  for (const { bytes } of rows) sum += bytes;
  for (const { error } of failures) sum += 2 * jsonbBytes(error as unknown as Json);
  for (const { patch } of entry.came) sum += patch === undefined ? 0 : jsonbBytes(patch);
  return sum;
}
