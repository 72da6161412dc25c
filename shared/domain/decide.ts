import type { ErrorRecord } from "./errors.ts";
import type { Json } from "./json.ts";
import { jsonbBytes } from "./jsonb-bytes.ts";
import { MAX_ATTEMPT, MAX_OUTPUT_BYTES, MAX_STATE_BYTES, WAIT_IN_LEASE_BELOW_MS } from "./limits.ts";
import type { Attempted, Came, Circumstances, Decision, Failure, Fate, Outcome, Row, Sleep } from "./decision.ts";
import type { AttemptMove, Move, Scene, State } from "./node.ts";
import type { Outputs } from "./outputs.ts";
import { delayBeforeRetry } from "./retry-policy.ts";
import { runError, type RunErrorName } from "./run-errors.ts";
import { attemptAt, countedAttemptAt, cursorOf, noRows, notBeforeAt, stateOf, withFailure, type Run } from "./run.ts";

/** Paths of attempts that have begun. */
type Paths = Pick<ReadonlySet<string>, "has" | "size">;

const nobody: Paths = new Set();
const none: readonly never[] = [];
const stay: Fate = { kind: "stay", wait: undefined };

/**
 * Decides, with the whole run in sight, what a round stores of it and how it goes on. This is the
 * only place that does; it is called when the round is written, so that whatever came back by then
 * is decided together.
 *
 * came: attempts that came back since; out: the paths of those that have begun and did not.
 */
export function decide(run: Run, came: readonly Came[], circumstances: Circumstances, out: Paths = nobody): Decision {
  const draft = new Draft(run, circumstances);
  for (const each of came) draft.take(each);
  return draft.failed() ?? draft.goOn(out);
}

/**
 * The decision that a run fails with an error of ours, which is noted as that of the attempt that
 * came back, or else of what it has come to.
 */
export function decideToFail(run: Run, came: Came | undefined, error: ErrorRecord, clock: number): Decision {
  const path = cursorOf(run)?.name;
  const begun = came ?? (path === undefined ? undefined : attemptNow(run, path, clock));
  const failures = begun === undefined ? [] : [{ ...attemptedOf(begun), error, delayMs: null }];
  return { rows: [], failures, sleeps: [], run, starts: [], fate: { kind: "failed", error } };
}

/**
 * A run while it is decided on: it is changed in place, and made a value once. Not with #fields,
 * which took 2 µs more a decision, mostly in the garbage collector.
 */
class Draft implements Scene {
  private rows: readonly Row[] = none;
  // Most decisions have none.
  private failures: readonly Failure[] = none;
  private sleeps: readonly Sleep[] = none;
  private readonly circumstances: Circumstances;
  private readonly before: Run;
  private outputs: Outputs;
  private position: number;
  private stored: ReadonlyMap<string, Json>;
  /** The last row that is not among these. */
  private came: Row | undefined;
  private failedAt: Pick<Run, "failures" | "notBefore">;
  private bytes: number;
  private after: Run | undefined;
  /** The run fails with this. */
  private error: ErrorRecord | undefined;

  constructor(run: Run, circumstances: Circumstances) {
    this.before = run;
    this.circumstances = circumstances;
    this.outputs = run.outputs;
    this.position = run.position;
    this.stored = run.rows;
    this.failedAt = run;
    this.bytes = run.bytes;
  }

  get now(): number {
    return this.circumstances.now;
  }

  state(): State {
    return stateOf(this.after ?? this.run());
  }

  row(path: string): Json | undefined {
    return path === this.came?.path ? this.came.output : this.stored.get(path);
  }

  notBefore(path: string): number | undefined {
    return notBeforeAt(this.failedAt, path);
  }

  private run(): Run {
    const { id, workflow, input, forgiven } = this.before;
    const { failures, notBefore } = this.failedAt;
    return {
      id,
      workflow,
      input,
      outputs: this.outputs,
      position: this.position,
      rows: this.stored,
      failures,
      forgiven,
      notBefore,
      bytes: this.bytes,
    };
  }

  take(came: Came): void {
    const { path, attempt, startedAt, finishedAt, outcome } = came;
    if (outcome.kind === "failed") return this.fail(came, outcome);
    const { output } = outcome;
    const bytes = jsonbBytes(output);
    const error = refusalOf(this.bytes, path, bytes);
    if (error !== undefined) return this.failForGood(came, error);
    this.keepCame();
    this.came = { path, position: this.position, attempt, startedAt, finishedAt, output, bytes };
    this.rows = this.rows === none ? [this.came] : [...this.rows, this.came];
    this.bytes += bytes;
  }

  /** A node is mostly over with its one row, which need not be kept beside others. */
  private keepCame(): void {
    if (this.came !== undefined) this.stored = new Map(this.stored).set(this.came.path, this.came.output);
    this.came = undefined;
  }

  private fail(came: Came, { error, retryable, retryAfterMs }: Extract<Outcome, { kind: "failed" }>): void {
    const { path, node, attempt, startedAt, finishedAt } = came;
    const { now, clock, random } = this.circumstances;
    const counted = countedAttemptAt(this.before, path);
    const isLast = !retryable || counted >= node.retry.maxAttempts || attemptAt(this.before, path) >= MAX_ATTEMPT;
    if (isLast) return this.failForGood(came, error);
    const delayMs = Math.ceil(retryAfterMs ?? delayBeforeRetry(node.retry, counted, random()));
    this.failures = [...this.failures, { path, attempt, startedAt, finishedAt, error, delayMs }];
    // In the lease it is the poller that waits, from when the attempt was over.
    const from = delayMs < WAIT_IN_LEASE_BELOW_MS ? now - (clock - finishedAt) : now;
    this.failedAt = withFailure(this.failedAt, path, from + delayMs);
  }

  private failForGood({ path, attempt, startedAt, finishedAt }: Attempted, error: ErrorRecord): void {
    this.failures = [...this.failures, { path, attempt, startedAt, finishedAt, error, delayMs: null }];
    this.error ??= error;
  }

  failed(): Decision | undefined {
    return this.error && this.decided({ kind: "failed", error: this.error }, none);
  }

  /** Looks on from the cursor, past all that is over. */
  goOn(out: Paths): Decision {
    const { nodes } = this.before.workflow;
    for (let cursor = nodes[this.position]; cursor !== undefined; cursor = nodes[this.position]) {
      const look = cursor.look(cursor.name, this);
      if (!look.over) return this.wait(look.moves, out, look.until);
      this.outputs = this.outputs.append(look.output);
      this.position++;
      this.stored = noRows;
      this.came = undefined;
    }
    return this.decided({ kind: "done" }, none);
  }

  private wait(moves: readonly Move[], out: Paths, until: number | undefined): Decision {
    // Mostly it is one attempt, which begins.
    const [only] = moves;
    if (moves.length === 1 && only!.do === "attempt" && !out.has(only!.path))
      return this.decided(this.fateOf(1, out, until), moves as readonly AttemptMove[]);
    const starts: AttemptMove[] = [];
    for (const move of moves) {
      if (move.do === "fail")
        this.failForGood(attemptNow(this.before, move.path, this.circumstances.clock), this.circumstances.describe(move.thrown));
      else if (move.do === "sleep") this.sleep(move.path, move.durationMs);
      else if (!out.has(move.path)) starts.push(move);
    }
    const slept = this.sleeps.at(-1);
    if (slept !== undefined) return this.failed() ?? this.decided({ kind: "park", delayMs: slept.durationMs }, none);
    return this.failed() ?? this.decided(this.fateOf(starts.length, out, until), starts);
  }

  private fateOf(starts: number, out: Paths, until: number | undefined): Fate {
    if (until === undefined) return stay;
    const { now, clock } = this.circumstances;
    const delayMs = Math.max(until - now, 0);
    const stays = starts > 0 || out.size > 0 || delayMs < WAIT_IN_LEASE_BELOW_MS;
    return stays ? { kind: "stay", wait: { until, clock: clock + delayMs } } : { kind: "park", delayMs };
  }

  private sleep(path: string, durationMs: number): void {
    const sleep = { path, position: this.position, attempt: attemptAt(this.before, path), durationMs: Math.ceil(durationMs) };
    this.sleeps = [...this.sleeps, sleep];
  }

  private decided(fate: Fate, starts: readonly AttemptMove[]): Decision {
    this.keepCame();
    const run = (this.after = this.run());
    return { rows: this.rows, failures: this.failures, sleeps: this.sleeps, run, starts, fate };
  }
}

/** What needs no handler takes no time. */
function attemptNow(run: Run, path: string, clock: number): Attempted {
  return { path, attempt: attemptAt(run, path), startedAt: clock, finishedAt: clock };
}

function attemptedOf({ path, attempt, startedAt, finishedAt }: Attempted): Attempted {
  return { path, attempt, startedAt, finishedAt };
}

/** Why an output cannot be stored, whatever the retry policy says; undefined: it can. */
function refusalOf(before: number, path: string, bytes: number): ErrorRecord | undefined {
  if (bytes > MAX_OUTPUT_BYTES) return tooLarge("OutputTooLargeError", `The output of "${path}"`, bytes, MAX_OUTPUT_BYTES);
  const all = before + bytes;
  return all > MAX_STATE_BYTES
    ? tooLarge("StateTooLargeError", `With the output of "${path}" the run's state`, all, MAX_STATE_BYTES)
    : undefined;
}

function tooLarge(name: RunErrorName, what: string, bytes: number, limit: number): ErrorRecord {
  const message = `${what} is ${bytes} bytes of JSON as the database writes it, more than ${limit}: store the data elsewhere and return a reference to it.`;
  return runError(name, message);
}
