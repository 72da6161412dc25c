import type { ChainStanding } from "./chain.ts";
import { sleepRow } from "./decide-fate.ts";
import { attemptedOf } from "./decide-to-fail.ts";
import type { Attempted, Circumstances, Decision, Failure, Fate, NewRow, Sleep } from "./decision.ts";
import type { ErrorRecord } from "./errors.ts";
import type { Family, FamilyChanges } from "./family.ts";
import type { Json } from "./json.ts";
import { jsonbBytes } from "./jsonb-bytes.ts";
import type { Mail } from "./mail.ts";
import type { AttemptMove, Owner, StartMove } from "./moves.ts";
import type { State } from "./node.ts";
import { DEFAULT_QUEUE, HAND_ON_AFTER_MS, queueOf } from "./queue.ts";
import { refuseLarge, type SizeLimits } from "./refuse-large.ts";
import type { Run } from "./run.ts";
import type { Fact, Scene } from "./standing.ts";
import type { Ruling } from "./undo/ruling.ts";
import { Undoing } from "./undo/undoing.ts";

/** Paths of attempts that are out. */
export type Paths = Pick<ReadonlySet<string>, "has" | "size"> & Iterable<string>;

export const nobody: Paths = new Set();
/** Nothing of a list: what has it is known by it. */
export const none: readonly never[] = [];
const usual: SizeLimits = {};

/**
 * What a round is to store of a run, while it is decided: it is changed in place, and made a value
 * once. Not with #fields, which took 2 µs more a decision, mostly in the garbage collector.
 */
export class Draft implements Scene {
  protected rows: readonly NewRow[] = none;
  // Most decisions have none.
  protected failures: readonly Failure[] = none;
  protected sleeps: readonly Sleep[] = none;
  protected consumed: readonly number[] = none;
  protected timedOut: readonly string[] = none;
  protected changes: FamilyChanges | undefined;
  protected letters: Mail;
  protected kin: Family;
  protected out = nobody;
  protected readonly circumstances: Circumstances;
  protected readonly before: Run;
  /** Where it stands: in its chain, or in what is undone of it. */
  protected chain: ChainStanding | Undoing;
  protected ruling: Ruling | undefined;

  constructor(run: Run, circumstances: Circumstances) {
    this.before = run;
    this.circumstances = circumstances;
    this.chain = run.undoing ?? run.chain;
    this.letters = run.mail;
    this.kin = run.family;
    this.ruling = run.ruling;
  }

  /** What all handlers see. */
  state(): State {
    return { input: this.before.input };
  }

  mail(): Mail {
    return this.letters;
  }

  family(): Family {
    return this.kin;
  }

  redrives(): number {
    return this.before.redrives;
  }

  isOut(path: string): boolean {
    return this.out.has(path);
  }

  protected run(): Run {
    const { before, chain, letters, kin, ruling } = this;
    const isSame = chain === (before.undoing ?? before.chain) && letters === before.mail && kin === before.family;
    if (isSame && ruling === before.ruling) return before;
    if (chain instanceof Undoing) return { ...before, undoing: chain };
    const { id, workflow, input, inputBytes, redrives } = before;
    const run = { id, workflow, input, inputBytes, redrives, chain, mail: letters, family: kin };
    return ruling === undefined ? run : { ...run, ruling };
  }

  protected put(path: string, fact: Fact): void {
    this.chain = this.chain.take(path, fact);
  }

  /** A row is a fact too. */
  protected keep(row: NewRow): void {
    this.rows = this.rows === none ? [row] : [...this.rows, row];
    this.put(row.path, row);
  }

  protected failForGood(began: Attempted & { readonly forgiven: number }, error: ErrorRecord): void {
    const { path, attempt, forgiven } = began;
    const { now, clock } = this.circumstances;
    this.failures = [...this.failures, { ...attemptedOf(began), error, delayMs: null }];
    this.put(path, { failures: attempt, forgiven, fatal: { at: now - (clock - began.finishedAt), error } });
  }

  protected failAt({ path, tries: { failures, forgiven } }: Owner, error: ErrorRecord): void {
    const { clock } = this.circumstances;
    this.failForGood({ path, attempt: failures + 1, forgiven, startedAt: clock, finishedAt: clock }, error);
  }

  protected consume(numbers: readonly number[]): void {
    this.consumed = [...this.consumed, ...numbers];
    this.letters = this.letters.without(numbers);
  }

  /** What needs no handler takes no time. */
  protected mark(path: string, output: Json, bytes = jsonbBytes(output), attempt = 0): NewRow {
    const { clock } = this.circumstances;
    return { path, position: this.chain.positionOf(path)!, attempt, startedAt: clock, finishedAt: clock, output, bytes };
  }

  protected sleep(path: string, attempt: number, durationMs: number): void {
    const wholeMs = Math.ceil(durationMs);
    this.sleeps = [...this.sleeps, { path, position: this.chain.positionOf(path)!, attempt, durationMs: wholeMs }];
    const until = this.circumstances.now + wholeMs;
    this.put(path, sleepRow(until));
  }

  /** What was told of a path is known no longer: its child goes on. */
  protected followChild(path: string, more: Partial<FamilyChanges>): void {
    const { starts = none, redriven = none, items = none, repeats = none } = this.changes ?? {};
    this.kin = this.kin.without(path);
    this.changes = {
      starts: [...starts, ...(more.starts ?? none)],
      redriven: [...redriven, ...(more.redriven ?? none)],
      items: [...items, ...(more.items ?? none)],
      repeats: [...repeats, ...(more.repeats ?? none)],
    };
  }

  protected beginChild({ path, mark, owner, child }: StartMove): void {
    const run = this.circumstances.newRunId();
    const attempt = owner.tries.failures + 1;
    this.keep(child.detached ? this.mark(mark, { runId: run }, undefined, attempt) : this.mark(mark, { run }));
    this.followChild(path, { starts: [{ ...child, path, run }] });
  }

  protected decided(fate: Fate, starts: readonly AttemptMove[], aborts: readonly string[] = none): Decision {
    const { rows, failures, sleeps, consumed, timedOut, changes: family } = this;
    return { rows, failures, sleeps, consumed, timedOut, family, run: this.run(), starts, aborts, fate };
  }

  /** Where a handler is called, if not here. */
  protected queueElsewhere(path: string): string | undefined {
    const { queue } = this.circumstances;
    if (queue === undefined) return undefined;
    const there = queueOf(this.before.workflow, this.chain.positionOf(path)!);
    return there === queue ? undefined : there;
  }

  /** How soon a run goes on elsewhere. */
  protected get handsOnMs(): number {
    const hasDone = [this.rows, this.failures, this.sleeps, this.consumed].some((list) => list !== none);
    return hasDone || this.circumstances.queue === DEFAULT_QUEUE ? 0 : HAND_ON_AFTER_MS;
  }

  /** Why an output cannot be stored, whatever the retry policy says; undefined: it can. */
  protected refusalOf(path: string, bytes: number, limits: SizeLimits = usual): ErrorRecord | undefined {
    if (this.chain instanceof Undoing) return undefined;
    return refuseLarge(path, bytes, this.before.inputBytes + this.chain.bytes, limits);
  }
}
