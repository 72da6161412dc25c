import type { Came, Decision } from "../../domain/decision.ts";
import type { ErrorRecord } from "../../domain/errors.ts";
import type { Json, JsonObject } from "../../domain/json.ts";
import { jsonbBytes } from "../../domain/jsonb-bytes.ts";
import type { Run } from "../../domain/run.ts";
import type { Statement } from "../../domain/statement.ts";
import type { Attempt } from "./attempt.ts";
import { PathSet } from "./path-set.ts";

/** An attempt that came back, with what it asks for beside its output. */
export interface CameBack extends Came {
  /** Those of a `sql` node. */
  readonly statements: readonly Statement[] | undefined;
  /** What it changes of its run's attributes. */
  readonly patch: JsonObject | undefined;
  /** Called when it is stored, where its attempt goes on. */
  readonly told?: () => void;
}

const none: readonly CameBack[] = [];
const noAttempts: readonly Attempt[] = [];
const isPlain = ({ statements }: CameBack) => statements === undefined;

/** A run that a lease holds. Only the lease and its results call what changes it. */
export class Member {
  /** Its number in the lease; requests and answers say `place`. */
  readonly slot: number;
  private heldRun: Run;
  /** Paths whose attempts wait for a handler, run, or came back and are not decided on. */
  private readonly paths = new PathSet();
  /** Those that began and are not stored: an abort tells them, also when they came back. */
  private attempts: readonly Attempt[] = noAttempts;
  private came: readonly CameBack[] = none;
  private ahead: Decision | undefined;
  private left = false;
  private callOff: (() => void) | undefined;

  constructor(slot: number, run: Run) {
    this.slot = slot;
    this.heldRun = run;
  }

  get run(): Run {
    return this.heldRun;
  }

  get out(): Pick<PathSet, "has" | "size" | typeof Symbol.iterator> {
    return this.paths;
  }

  /** It left, or was taken away: whatever its handlers still return is dropped. */
  get gone(): boolean {
    return this.left;
  }

  /** The decision that was made before its round, unless something came back since. */
  takeAhead(): Decision | undefined {
    const ahead = this.ahead;
    this.ahead = undefined;
    return ahead;
  }

  /** What was decided is stored. */
  update(run: Run): void {
    this.heldRun = run;
    this.attempts = this.paths.size === 0 ? noAttempts : this.attempts.filter(({ path }) => this.paths.has(path));
  }

  /** An attempt is to begin. */
  expect(path: string): void {
    this.paths.add(path);
  }

  /** An attempt that was to begin does not. */
  putOff(path: string): void {
    this.paths.delete(path);
  }

  /** A handler of it runs, or came back and is not decided on. */
  get isRunning(): boolean {
    return this.paths.size > 0 && this.attempts.some(({ path }) => this.paths.has(path));
  }

  begin(attempt: Attempt): void {
    this.attempts = this.attempts === noAttempts ? [attempt] : [...this.attempts, attempt];
  }

  comeBack(came: CameBack): void {
    this.ahead = undefined;
    this.paths.add(came.path);
    this.came = this.came === none ? [came] : [...this.came, came];
  }

  decideAhead(decision: Decision): void {
    this.ahead = decision;
  }

  /** Gives what came back without statements, to be decided on now. */
  takePlain(): readonly CameBack[] {
    const came = this.came;
    // Mostly it is one alone.
    this.came = came.every(isPlain) ? none : came.filter((each) => !isPlain(each));
    return this.decideOn(this.came === none ? came : came.filter(isPlain));
  }

  /** Gives the first that came back with statements. */
  takeStatements(): readonly CameBack[] {
    const first = this.came.find((came) => !isPlain(came));
    this.came = this.came.filter((came) => came !== first);
    return this.decideOn(first === undefined ? none : [first]);
  }

  private decideOn(came: readonly CameBack[]): readonly CameBack[] {
    for (const { path } of came) this.paths.delete(path);
    return came;
  }

  /** What came of an attempt and is not decided on yet, replaced by something else. */
  replaceCame(isMeant: (came: CameBack) => boolean, replace: (came: CameBack) => CameBack): boolean {
    const isThere = this.came.some(isMeant);
    if (isThere) this.came = this.came.map((came) => (isMeant(came) ? replace(came) : came));
    return isThere;
  }

  /** Something came back with statements. */
  get hasStatements(): boolean {
    return this.came.some((came) => !isPlain(came));
  }

  /** Something came back without statements, or was decided before its round. */
  get hasPlain(): boolean {
    return this.ahead !== undefined || this.came.some(isPlain);
  }

  /** Something came back, and is not decided on. */
  get hasCome(): boolean {
    return this.came.length > 0;
  }

  /** There is something to decide on at a time; the next decision calls it off. */
  waitFor(callOff: (() => void) | undefined): void {
    this.callOff?.();
    this.callOff = callOff;
  }

  leave(): void {
    this.left = true;
    this.waitFor(undefined);
  }

  /** Tells some attempts to stop: what they throw is no failure. */
  abortAttempts(paths: readonly string[], reason: Error): void {
    for (const attempt of this.attempts) if (paths.includes(attempt.path)) attempt.stop(reason);
  }

  abort(reason: Error): void {
    for (const attempt of this.attempts) attempt.abort(reason);
  }
}

/** What was decided of a member, from what came back. */
export interface Decided {
  readonly kind: "decided";
  readonly member: Member;
  readonly came: readonly CameBack[];
  readonly decision: Decision;
  /** It is what can be stored in place of something else. */
  readonly isLess?: true;
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

/** How many attempts a round stores of it. */
export function countSteps({ rows, failures, sleeps }: Decision): number {
  return failures.length + countAttempts(rows) + countAttempts(sleeps);
}

function countAttempts(stored: readonly { readonly attempt: number }[]): number {
  let count = 0;
  for (const { attempt } of stored) if (attempt > 0) count++;
  return count;
}

/** A decision of which nothing is to be stored. */
export function isSilent(decision: Decision): boolean {
  const { rows, failures, sleeps, fate, family } = decision;
  const isNothing = rows.length + failures.length + sleeps.length === 0 && family === undefined;
  return isNothing && fate.kind === "stay" && fate.asks?.overdue === undefined;
}

/**
 * What an entry adds to a request, but for a few names and numbers. The error that ends a run is
 * sent twice.
 */
export function requestBytes(entry: Entry): number {
  if (entry.kind !== "decided") return 0;
  const { rows, failures } = entry.decision;
  let sum = 0;
  for (const { bytes } of rows) sum += bytes;
  for (const { error } of failures) sum += 2 * jsonbBytes(error as unknown as Json);
  for (const { patch } of entry.came) sum += patch === undefined ? 0 : jsonbBytes(patch);
  return sum;
}
