import type { ErrorRecord } from "./errors.ts";
import type { Json } from "./json.ts";
import { jsonbBytes } from "./jsonb-bytes.ts";
import { MAX_ATTEMPT, MAX_OUTPUT_BYTES, MAX_STATE_BYTES, WAIT_IN_LEASE_BELOW_MS } from "./limits.ts";
import type { AttemptMove, HandlerNode, Move } from "./node.ts";
import { delayBeforeRetry } from "./retry-policy.ts";
import { runError, type RunErrorName } from "./run-errors.ts";
import { attemptAt, countedAttemptAt, cursorOf, lookAt, pastCursor, withFailure, withRow, type Run } from "./run.ts";

/**
 * What one attempt ended in. A timeout and an output that its schema refuses are failures that may
 * be retried.
 */
export type Outcome =
  | { readonly kind: "completed"; readonly output: Json }
  | { readonly kind: "failed"; readonly error: ErrorRecord; readonly retryable: boolean; readonly retryAfterMs?: number };

/** An attempt that came back. Times are by the poller's clock. */
export interface Came {
  readonly path: string;
  readonly node: HandlerNode;
  readonly attempt: number;
  readonly outcome: Outcome;
  readonly startedAt: number;
  readonly finishedAt: number;
}

/** An attempt as it is stored. Times are by the poller's clock. */
interface Stored {
  readonly path: string;
  readonly attempt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
}

/** An output to be stored, of so many bytes of JSON. */
export interface Row extends Stored {
  /** That of the node of the chain. */
  readonly position: number;
  readonly output: Json;
  readonly bytes: number;
}

/** A failure to be stored. */
export interface Failure extends Stored {
  readonly error: ErrorRecord;
  /** Until it is tried again; null when it is not. */
  readonly delayMs: number | null;
}

/** A sleep that begins. */
export interface Sleep {
  readonly path: string;
  readonly position: number;
  readonly attempt: number;
  readonly durationMs: number;
}

/** A time by both clocks. */
export interface Wait {
  /** The database's, in milliseconds since 1970. */
  readonly until: number;
  /** The poller's. */
  readonly clock: number;
}

/** What becomes of a run when that is stored. */
export type Fate =
  /** It stays in the lease: attempts go on, or more is to be decided at a time. */
  | { readonly kind: "stay"; readonly wait: Wait | undefined }
  /** It is given back until then. */
  | { readonly kind: "park"; readonly delayMs: number }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly error: ErrorRecord };

/** What a round stores of a run, and what becomes of it. */
export interface Decision {
  readonly rows: readonly Row[];
  readonly failures: readonly Failure[];
  readonly sleeps: readonly Sleep[];
  /** As it is once that is stored. */
  readonly run: Run;
  /** Attempts to begin then. */
  readonly starts: readonly AttemptMove[];
  readonly fate: Fate;
}

/** What a decision depends on beside the run. */
export interface Circumstances {
  /** The database's time, in milliseconds since 1970. */
  readonly now: number;
  /** The poller's clock. */
  readonly clock: number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  /** What is stored of something that a function of the author's has thrown. */
  readonly describe: (thrown: unknown) => ErrorRecord;
}

/** Paths of attempts that have begun. */
type Paths = Pick<ReadonlySet<string>, "has" | "size">;

const nobody: Paths = new Set();

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
  const at = came ? storedOf(came) : path !== undefined && { path, attempt: attemptAt(run, path), startedAt: clock, finishedAt: clock };
  const failures = at ? [{ ...at, error, delayMs: null }] : [];
  return { rows: [], failures, sleeps: [], run, starts: [], fate: { kind: "failed", error } };
}

class Draft {
  readonly #rows: Row[] = [];
  readonly #failures: Failure[] = [];
  readonly #sleeps: Sleep[] = [];
  readonly #circumstances: Circumstances;
  #run: Run;
  /** The run fails with this. */
  #error: ErrorRecord | undefined;

  constructor(run: Run, circumstances: Circumstances) {
    this.#run = run;
    this.#circumstances = circumstances;
  }

  take(came: Came): void {
    const { outcome } = came;
    if (outcome.kind === "failed") return this.#fail(came, outcome);
    const bytes = jsonbBytes(outcome.output);
    const error = refusalOf(this.#run, came.path, bytes);
    if (error !== undefined) return this.#failForGood(storedOf(came), error);
    this.#rows.push({ ...storedOf(came), position: this.#run.position, output: outcome.output, bytes });
    this.#run = withRow(this.#run, came.path, outcome.output, bytes);
  }

  #fail(came: Came, { error, retryable, retryAfterMs }: Extract<Outcome, { kind: "failed" }>): void {
    const { path, node } = came;
    const { now, clock, random } = this.#circumstances;
    const counted = countedAttemptAt(this.#run, path);
    const isLast = !retryable || counted >= node.retry.maxAttempts || attemptAt(this.#run, path) >= MAX_ATTEMPT;
    if (isLast) return this.#failForGood(storedOf(came), error);
    const delayMs = Math.ceil(retryAfterMs ?? delayBeforeRetry(node.retry, counted, random()));
    this.#failures.push({ ...storedOf(came), error, delayMs });
    // In the lease it is the poller that waits, from when the attempt was over.
    const from = delayMs < WAIT_IN_LEASE_BELOW_MS ? now - (clock - came.finishedAt) : now;
    this.#run = withFailure(this.#run, path, from + delayMs);
  }

  #failForGood(stored: Stored, error: ErrorRecord): void {
    this.#failures.push({ ...stored, error, delayMs: null });
    this.#error ??= error;
  }

  failed(): Decision | undefined {
    return this.#error && this.#decided({ kind: "failed", error: this.#error });
  }

  /** Looks on from the cursor, past all that is over. */
  goOn(out: Paths): Decision {
    for (;;) {
      const cursor = cursorOf(this.#run);
      if (cursor === undefined) return this.#decided({ kind: "done" });
      const look = lookAt(this.#run, cursor, this.#circumstances.now);
      if (!look.over) return this.#wait(look.moves, out, look.until);
      this.#run = pastCursor(this.#run, look.output);
    }
  }

  #wait(moves: readonly Move[], out: Paths, until: number | undefined): Decision {
    const starts: AttemptMove[] = [];
    for (const move of moves) {
      if (move.do === "fail") this.#failForGood(this.#storedNow(move.path), this.#circumstances.describe(move.thrown));
      else if (move.do === "sleep") this.#sleep(move.path, move.durationMs);
      else if (!out.has(move.path)) starts.push(move);
    }
    const slept = this.#sleeps.at(-1);
    if (slept !== undefined) return this.failed() ?? this.#decided({ kind: "park", delayMs: slept.durationMs });
    return this.failed() ?? this.#decided(this.#fateOf(starts, out, until), starts);
  }

  #fateOf(starts: readonly AttemptMove[], out: Paths, until: number | undefined): Fate {
    const { now, clock } = this.#circumstances;
    const delayMs = Math.max((until ?? Infinity) - now, 0);
    const stays = starts.length > 0 || out.size > 0 || delayMs < WAIT_IN_LEASE_BELOW_MS;
    if (!stays) return { kind: "park", delayMs };
    return { kind: "stay", wait: until === undefined ? undefined : { until, clock: clock + delayMs } };
  }

  #sleep(path: string, durationMs: number): void {
    this.#sleeps.push({ path, position: this.#run.position, attempt: attemptAt(this.#run, path), durationMs: Math.ceil(durationMs) });
  }

  /** What needs no handler takes no time. */
  #storedNow(path: string): Stored {
    const { clock } = this.#circumstances;
    return { path, attempt: attemptAt(this.#run, path), startedAt: clock, finishedAt: clock };
  }

  #decided(fate: Fate, starts: readonly AttemptMove[] = []): Decision {
    return { rows: this.#rows, failures: this.#failures, sleeps: this.#sleeps, run: this.#run, starts, fate };
  }
}

function storedOf({ path, attempt, startedAt, finishedAt }: Came): Stored {
  return { path, attempt, startedAt, finishedAt };
}

/** Why an output cannot be stored, whatever the retry policy says; undefined: it can. */
function refusalOf(run: Run, path: string, bytes: number): ErrorRecord | undefined {
  if (bytes > MAX_OUTPUT_BYTES) return tooLarge("OutputTooLargeError", `The output of "${path}"`, bytes, MAX_OUTPUT_BYTES);
  const all = run.bytes + bytes;
  return all > MAX_STATE_BYTES
    ? tooLarge("StateTooLargeError", `With the output of "${path}" the run's state`, all, MAX_STATE_BYTES)
    : undefined;
}

function tooLarge(name: RunErrorName, what: string, bytes: number, limit: number): ErrorRecord {
  const message = `${what} is ${bytes} bytes of JSON as the database writes it, more than ${limit}: store the data elsewhere and return a reference to it.`;
  return runError(name, message);
}
