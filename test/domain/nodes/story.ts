import { expect } from "vitest";
import { decide } from "../../../shared/domain/decide.ts";
import { sleepRow } from "../../../shared/domain/decide-fate.ts";
import type { SignalKey } from "../../../shared/domain/address.ts";
import type { Decision, Failure, Outcome } from "../../../shared/domain/decision.ts";
import { describeError, type ErrorRecord } from "../../../shared/domain/errors.ts";
import { Family, type ChildEnding, type ItemsTold } from "../../../shared/domain/family.ts";
import type { Json } from "../../../shared/domain/json.ts";
import { jsonbBytes } from "../../../shared/domain/jsonb-bytes.ts";
import { Mail, type Letter } from "../../../shared/domain/mail.ts";
import { createRun, stateFor, unknownPath, withFamily, withMail, type Run, type RunWorkflow } from "../../../shared/domain/run.ts";
import type { AttemptMove } from "../../../shared/domain/moves.ts";
import type { Fact, Look, Row } from "../../../shared/domain/standing.ts";
import { sceneOf } from "../scene.ts";

const CLOCK = 1_000;
const error: ErrorRecord = { name: "Error", message: "no" };
const isOutcome = (back: unknown): back is Outcome => outcomes.has(back as Outcome);
const outcomes = new Set<Outcome>();

export function outcome(of: Outcome): Outcome {
  outcomes.add(of);
  return of;
}

/** What an attempt may come back with, beside an output. */
export const again = outcome({ kind: "failed", error, retryable: true });
export const final = outcome({ kind: "failed", error, retryable: false });
export const finalOf = (message: string) => outcome({ kind: "failed", error: { name: "Error", message }, retryable: false });

/** What is stored of a run, as a claim hands it over. */
interface Stored {
  readonly outputs: Record<string, Json>;
  readonly failures: Record<string, number>;
  readonly forgiven: Record<string, number>;
  readonly notBefore: Record<string, number>;
  readonly fatal: Record<string, { attempt: number; at: number; error: ErrorRecord }>;
}

/** Where a run stands, as far as two ways to it must come to the same. */
export function standingOf({ chain, input, workflow }: Run, now: number) {
  const woken = chain.wake(now);
  const { output, fatal, bytes } = woken;
  const isOpen = output === undefined && fatal === undefined;
  const { moves, until }: Look = isOpen ? woken.look(sceneOf(() => ({ input }))) : { moves: [] };
  const failed = fatal && { at: fatal.at, error: fatal.error };
  return { output, fatal: failed, bytes, moves: moves.map(shown), until, position: woken.position, of: workflow.nodes.length };
}

function shown(move: Look["moves"][number]): unknown {
  if (move.do === "fail") return { do: move.do, path: move.owner.path, tries: move.owner.tries };
  if (move.do !== "attempt") return move;
  const { path, attempt, forgiven, state, memos } = move;
  return { path, attempt, forgiven, state: state?.(), memos: memos === undefined ? undefined : Object.fromEntries(memos.toMap()) };
}

/**
 * A run in memory that is decided on round after round, with what is stored of it. After each round
 * it stands where the run does that is put together from that.
 */
export class Story {
  now = Date.parse("2030-01-31T10:00:00Z");
  run: Run;
  /** Attempts that have begun and did not come back. */
  readonly out = new Map<string, AttemptMove>();
  readonly aborted = new Set<string>();
  readonly stored: Stored = { outputs: {}, failures: {}, forgiven: {}, notBefore: {}, fatal: {} };
  /** Messages that no node has taken. */
  letters: Letter[] = [];
  private sent = 0;
  /** Names of messages that were waited for last. */
  private awaited: readonly string[] = [];
  private redrives = 0;
  /** How many were started. */
  private children = 0;
  /** In the order in which they were told. */
  readonly facts: [path: string, fact: Fact][] = [];
  /** What comes late to an item that has failed may count only once it is read. */
  private readonly countsLate: boolean;

  constructor(workflow: RunWorkflow, input: Json = null, { countsLate = false } = {}) {
    this.run = createRun({ id: "run-1", workflow, input });
    this.countsLate = countsLate;
  }

  /** One round: these attempts came back, each with an output or an outcome. */
  round(back: Readonly<Record<string, Json | Outcome>> = {}): Decision {
    const came = Object.entries(back).map(([path, given]) => {
      const { node, attempt, forgiven } = this.out.get(path) ?? fail(`no attempt of "${path}" is out`);
      const outcome: Outcome = isOutcome(given) ? given : { kind: "completed", output: given };
      const aborted = this.aborted.has(path);
      this.out.delete(path);
      return { path, node, attempt, forgiven, aborted, outcome, startedAt: CLOCK - 10, finishedAt: CLOCK };
    });
    const circumstances = {
      now: this.now,
      clock: CLOCK,
      random: () => 0,
      describe: describeError,
      newRunId: () => `child-${++this.children}`,
    };
    const decision = decide(this.run, came, circumstances, new Set(this.out.keys()));
    this.store(decision, back);
    this.letters = this.letters.filter(({ n }) => !decision.consumed.includes(n));
    this.run = decision.run;
    this.awaited = namesIn(decision.fate) ?? this.awaited;
    for (const start of decision.starts) this.out.set(start.path, start);
    for (const path of decision.aborts) this.aborted.add(path);
    this.compare();
    return decision;
  }

  private store({ rows, failures, sleeps }: Decision, back: object): void {
    const facts = [
      ...rows.map(({ path, output, bytes }) => this.keep(path, { output, bytes })),
      ...sleeps.map(({ path, durationMs }) => this.keep(path, sleepRow(this.now + durationMs) as Row)),
      ...failures.map((failure) => this.keepFailure(failure)),
    ];
    const isBack = ([path]: readonly [string, Fact]) => Object.hasOwn(back, path);
    this.facts.push(...facts.filter(isBack), ...facts.filter((fact) => !isBack(fact)));
  }

  private keep(path: string, row: Row): [string, Fact] {
    expect(this.stored.outputs, "a row is stored once").not.toHaveProperty([path]);
    this.stored.outputs[path] = row.output;
    if (row.notBefore !== undefined) this.stored.notBefore[path] = row.notBefore;
    return [path, row];
  }

  private keepFailure({ path, attempt, error: why, delayMs }: Failure): [string, Fact] {
    const { failures, forgiven, notBefore, fatal } = this.stored;
    expect(attempt, "attempts count up").toBe((failures[path] ?? 0) + 1);
    failures[path] = attempt;
    if (delayMs === null) fatal[path] = { attempt, at: this.now, error: why };
    else notBefore[path] = this.now + delayMs;
    return [
      path,
      { failures: attempt, forgiven: forgiven[path] ?? 0, notBefore: notBefore[path], fatal: delayMs === null ? fatal[path] : undefined },
    ];
  }

  /** The run as another poller puts it together. */
  again(): Run {
    const { id, workflow, input } = this.run;
    const { fatal } = this.stored;
    // In the order of a jsonb object, which is not that of time.
    const sorted = Object.fromEntries(Object.entries(fatal).sort(([a], [b]) => (a < b ? -1 : 1)));
    const { "~output": _, ...outputs } = this.stored.outputs;
    return createRun({ id, workflow, input, ...this.stored, outputs, fatal: sorted, notBefore: this.ahead(), redrives: this.redrives });
  }

  private ahead(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.stored.notBefore).filter(([, until]) => until > this.now));
  }

  private compare(): void {
    const put = this.again();
    expect(unknownPath(put, this.stored.outputs)).toBeUndefined();
    this.expectSame(this.run, put);
  }

  expectSame(one: Run, other: Run): void {
    const [told, read] = [standingOf(one, this.now), standingOf(other, this.now)];
    const bytes = this.countsLate ? read.bytes : told.bytes;
    expect({ ...told, bytes }).toEqual(read);
  }

  /** The poller is gone: another one claims the run. */
  claim(): this {
    this.out.clear();
    this.aborted.clear();
    this.run = this.again();
    return this.hear();
  }

  private get signals(): string[] {
    return this.run.workflow.nodes.flatMap(({ signals }) => [...(signals?.keys() ?? [])]);
  }

  /** Somebody sends a signal. */
  send(name: string, body: Json = null): this {
    this.letters.push({ n: ++this.sent, name, body, at: this.now });
    return this;
  }

  /** The poller is told what mail there is: the oldest of each name for which it asked. */
  hear(names: readonly string[] = [...this.signals, ...this.awaited], taken: readonly SignalKey[] = []): this {
    const oldest = this.letters.filter(({ n, name }) => !this.letters.some((other) => other.name === name && other.n < n));
    const letters = oldest.filter(({ name }) => names.includes(name));
    this.run = withMail(this.run, new Mail(this.now, letters, names, taken));
    return this;
  }

  /** The poller is told how children have ended. */
  tell(endings: Readonly<Record<string, ChildEnding>>): this {
    this.run = withFamily(this.run, new Family(Object.entries(endings)));
    return this;
  }

  /** The poller is told how the items of maps stand. */
  tellItems(lists: Readonly<Record<string, ItemsTold>>): this {
    this.run = withFamily(this.run, new Family([], Object.entries(lists)));
    return this;
  }

  redrive(): this {
    this.redrives++;
    Object.assign(this.stored.forgiven, this.stored.failures);
    const { outputs, failures, notBefore, fatal } = this.stored;
    const rows = Object.entries(outputs).map(([path, output]): [string, Fact] => [
      path,
      { output, bytes: jsonbBytes(output), notBefore: notBefore[path] },
    ]);
    const tries = Object.entries(failures).map(([path, count]): [string, Fact] => [
      path,
      { failures: count, forgiven: count, notBefore: notBefore[path], pardoned: fatal[path] },
    ]);
    const key = ([path, fact]: [string, Fact]) => ("output" in fact ? path : `${path}/\x7f`);
    const facts = [...rows, ...tries].sort((one, other) => Number(key(one) > key(other)) - Number(key(one) < key(other)));
    this.facts.splice(0, Infinity, ...facts);
    return this.claim();
  }

  pass(milliseconds: number): this {
    this.now += milliseconds;
    return this;
  }

  /** What the handler at a path sees. */
  sees(path: string): unknown {
    return stateFor(this.run, this.out.get(path) ?? fail(`no attempt of "${path}" is out`));
  }

  get paths(): string[] {
    return [...this.out.keys()];
  }
}

function fail(message: string): never {
  throw new Error(message);
}

function namesIn(fate: Decision["fate"]): readonly string[] | undefined {
  if (fate.kind === "park") return fate.names;
  return fate.kind === "stay" ? fate.asks?.names : undefined;
}
