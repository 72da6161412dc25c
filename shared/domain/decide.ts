import type { ChainStanding } from "./chain.ts";
import { decideFate, stay, unwanted } from "./decide-fate.ts";
import type { Came, Circumstances, Decision, Fate, Outcome } from "./decision.ts";
import { Draft, nobody, none, type Paths } from "./draft.ts";
import type { ErrorRecord } from "./errors.ts";
import { jsonbBytes } from "./jsonb-bytes.ts";
import { MAX_ATTEMPT, WAIT_IN_LEASE_BELOW_MS } from "./limits.ts";
import { refuseInput, refusePlan } from "./refuse-large.ts";
import { delayBeforeRetry } from "./retry-policy.ts";
import { OUTPUT, outputOf, type Run } from "./run.ts";
import type {
  AttemptMove,
  FailMove,
  LoseMove,
  Move,
  PlanMove,
  RedriveMove,
  RefuseMove,
  RepeatItemsMove,
  StartItemsMove,
  StartMove,
  StoreMove,
} from "./moves.ts";
import type { Look } from "./standing.ts";
import { cancelled, mayUndo, UNDONE, type Ruling } from "./undo/ruling.ts";
import { fateOf, rowOfRuling } from "./undo/decide-undo.ts";
import { nodeAt } from "./undo/stored.ts";
import { Undoing } from "./undo/undoing.ts";

/** The size of the row that holds a child's id. */
const CHILD_ROW_BYTES = 64;

/**
 * Decides, with the whole run in sight, what a round stores of it and how it goes on. This is the
 * only place that does; it is called when the round is written, so that whatever came back by then
 * is decided together.
 *
 * came: attempts that came back since; out: the paths of those that have begun and did not.
 */
export function decide(run: Run, came: readonly Came[], circumstances: Circumstances, out: Paths = nobody): Decision {
  const course = new Course(run, circumstances);
  for (const each of came) course.take(each);
  return course.goOn(out);
}

/** How a run goes on: what came of it, and what follows from that. */
class Course extends Draft {
  take(came: Came): void {
    const { attempt, startedAt, finishedAt, outcome, node, aborted } = came;
    // If somebody has answered in its place, that counts.
    if (node.awaits !== undefined && (outcome.kind === "failed" ? !aborted : outcome.below === undefined))
      this.timedOut = [...this.timedOut, ...node.awaits(came.path, attempt)];
    if (outcome.kind === "failed") return this.fail(came, outcome);
    const { output, below } = outcome;
    const path = below === undefined ? came.path : `${came.path}/${below}`;
    const bytes = jsonbBytes(output);
    const error = this.refusalOf(path, bytes);
    if (error !== undefined) return this.failForGood(came, error);
    const position = this.chain.positionOf(path)!;
    this.keep({ path, position, attempt: below === undefined ? attempt : 0, startedAt, finishedAt, output, bytes });
  }

  private fail(came: Omit<Came, "outcome">, { error, retryable, retryAfterMs }: Extract<Outcome, { kind: "failed" }>): void {
    const { path, node, attempt, forgiven, startedAt, finishedAt, aborted } = came;
    if (aborted) return;
    const { now, clock, random } = this.circumstances;
    const counted = attempt - forgiven;
    const isLast = !retryable || counted >= node.retry.maxAttempts || attempt >= MAX_ATTEMPT;
    if (isLast) return this.failForGood(came, error);
    const delayMs = Math.ceil(retryAfterMs ?? delayBeforeRetry(node.retry, counted, random()));
    this.failures = [...this.failures, { path, attempt, startedAt, finishedAt, error, delayMs }];
    // In the lease it is the poller that waits, from when the attempt was over.
    const from = delayMs < WAIT_IN_LEASE_BELOW_MS ? now - (clock - finishedAt) : now;
    this.put(path, { failures: attempt, forgiven, notBefore: from + delayMs });
  }

  /** Goes on with what needs no handler, and then with what may be done after it. */
  goOn(out: Paths): Decision {
    this.out = out;
    this.chain = this.chain.wake(this.circumstances.now);
    for (;;) {
      const { fatal, output } = this.chain;
      if (this.chain instanceof Undoing ? output !== undefined : this.ruling !== undefined) return this.closeUndo(out);
      if (fatal !== undefined) return this.failRun(fatal.error, out);
      if (output !== undefined) return this.finish(out);
      if (this.before.isCalledOff === true) return this.rule(cancelled, out);
      const look = this.chain.look(this);
      if (!this.doAtOnce(look.moves)) return this.wait(look, out);
    }
  }

  /** False: nothing was to be done at once. */
  private doAtOnce(moves: readonly Move[]): boolean {
    let some = false;
    for (const move of moves) {
      if (move.do === "attempt") continue;
      some = true;
      // Two nodes may have looked at one message: the second looks anew.
      if ("consumes" in move && this.letters.lacks(move.consumes!)) continue;
      if (move.do === "store") this.store(move);
      else if (move.do === "sleep") this.sleep(move.path, move.attempt, move.durationMs);
      else if (move.do === "refuse") this.refuse(move);
      else if (move.do === "lose") this.lose(move);
      else if (move.do === "start") this.start(move);
      else if (move.do === "redrive") this.redrive(move);
      else if (move.do === "plan") this.plan(move);
      else if (move.do === "startItems") this.startItems(move);
      else if (move.do === "repeatItems") this.repeatItems(move);
      else this.giveUp(move);
    }
    return some;
  }

  private start(move: StartMove): void {
    const { path, mark, owner, child } = move;
    const error = refuseInput(path, jsonbBytes(child.input)) ?? this.refusalOf(mark, CHILD_ROW_BYTES);
    if (error !== undefined) return this.failAt(owner, error);
    this.beginChild(move);
  }

  private redrive({ path, mark, run }: RedriveMove): void {
    this.keep(this.mark(mark, { run }));
    this.followChild(path, { redriven: [{ path, run }] });
  }

  private plan({ path, output, parts, owner }: PlanMove): void {
    const rows = parts.map((part) => this.mark(part.path, part.output));
    const error = refusePlan(
      path,
      rows.reduce((sum, { bytes }) => sum + bytes, 0),
    );
    if (error !== undefined) return this.failAt(owner, error);
    for (const row of [...rows, this.mark(path, output)]) this.keep(row);
  }

  private startItems({ mark, items }: StartItemsMove): void {
    this.keep(this.mark(mark, null));
    this.followChild(items.path, { items: [items] });
  }

  private repeatItems({ path, mark }: RepeatItemsMove): void {
    if (mark !== undefined) this.keep(this.mark(mark, null));
    this.followChild(path, { repeats: [{ path, anew: mark !== undefined }] });
  }

  private giveUp({ owner, thrown, timedOut = none }: FailMove): void {
    this.timedOut = [...this.timedOut, ...timedOut];
    this.failAt(owner, this.circumstances.describe(thrown));
  }

  private lose({ path, node, attempt, forgiven, thrown, retryable, consumes, timedOut = none }: LoseMove): void {
    const { clock, describe } = this.circumstances;
    this.consume(consumes);
    this.timedOut = [...this.timedOut, ...timedOut];
    const lost = { path, node, attempt, forgiven, aborted: false, startedAt: clock, finishedAt: clock };
    this.fail(lost, { kind: "failed", error: describe(thrown), retryable });
  }

  private refuse({ owner: { path, tries }, consumes, thrown }: RefuseMove): void {
    const { clock, describe } = this.circumstances;
    const attempt = tries.failures + 1;
    this.failures = [...this.failures, { path, attempt, startedAt: clock, finishedAt: clock, error: describe(thrown), delayMs: 0 }];
    this.put(path, { failures: attempt, forgiven: tries.forgiven });
    this.consume(consumes);
  }

  private store({ path, output, owner, mostBytes, advice, attempt, consumes, timedOut }: StoreMove): void {
    if (consumes !== undefined) this.consume(consumes);
    if (timedOut !== undefined) this.timedOut = [...this.timedOut, ...timedOut];
    const bytes = jsonbBytes(output);
    const error = this.refusalOf(path, bytes, { mostBytes, advice });
    if (error !== undefined) return this.failAt(owner, error);
    this.keep(this.mark(path, output, bytes, attempt));
  }

  /** What there may be to undo is undone before the run ends. */
  private failRun(error: ErrorRecord, out: Paths): Decision {
    const { nodes } = this.before.workflow;
    return mayUndo(nodes, (this.chain as ChainStanding).position)
      ? this.rule({ status: "failed", error }, out)
      : this.end({ kind: "failed", error }, out);
  }

  /** What it is to come to is stored at once; it is undone when nothing is out any more. */
  private rule(ruling: Ruling, out: Paths): Decision {
    const chain = this.chain as ChainStanding;
    // Of others it makes no difference.
    const begun = [...out].filter((path) => nodeAt(chain.chain, path)?.undo?.evenIfFailed);
    this.ruling = begun.length === 0 ? ruling : { ...ruling, begun };
    this.keep(rowOfRuling(chain, this.ruling, this.circumstances.clock));
    return this.closeUndo(out);
  }

  /** The claim that follows brings all that is stored; after the last undo the run ends. */
  private closeUndo(out: Paths): Decision {
    const { chain } = this;
    if (!(chain instanceof Undoing)) return this.end({ kind: "park", delayMs: 0 }, out);
    if (chain.failed === 0) this.keep(this.mark(UNDONE, chain.undone, jsonbBytes(chain.undone)));
    return this.decided(fateOf(this.ruling!, chain), none);
  }

  /** The run's output has a row of its own where no node has it as its. */
  private finish(out: Paths): Decision {
    const { nodes } = this.before.workflow;
    if (out.size === 0 && (this.chain.ended !== undefined || nodes.at(-1)?.rowIsOutput === false)) {
      const output = outputOf({ chain: this.chain as ChainStanding });
      const position = Math.min((this.chain as ChainStanding).position, nodes.length - 1);
      this.keep({ ...this.mark(OUTPUT, output, jsonbBytes(output)), position });
    }
    return this.end({ kind: "done" }, out);
  }

  /** Nothing more begins; what is out is told to stop, and is awaited. */
  private end(fate: Fate, out: Paths): Decision {
    return out.size === 0 ? this.decided(fate, none) : this.decided(stay, none, [...out]);
  }

  private wait(look: Look, out: Paths): Decision {
    const moves = look.moves as readonly AttemptMove[];
    const queue = moves.length > 0 ? this.queueElsewhere(moves[0]!.path) : undefined;
    if (queue !== undefined) return this.end({ kind: "park", delayMs: this.handsOnMs, queue }, out);
    // Mostly it is one attempt, which begins.
    const starts = out.size === 0 ? moves : moves.filter(({ path }) => !out.has(path));
    const aborts = moves.length - starts.length < out.size ? unwanted(out, moves) : none;
    // A sleep that has just begun waits outside of the lease, however short it is.
    const fate = decideFate(look, this.circumstances, { isBusy: starts.length > 0 || out.size > 0, mayLinger: this.sleeps === none });
    return this.decided(fate, starts, aborts);
  }
}
