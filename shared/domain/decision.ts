import type { ErrorRecord } from "./errors.ts";
import type { FamilyChanges } from "./family.ts";
import type { Json } from "./json.ts";
import type { HandlerNode } from "./node.ts";
import type { Run } from "./run.ts";
import type { AttemptMove } from "./moves.ts";

/**
 * What one attempt ended in. A timeout and an output that its schema refuses are failures that may
 * be retried.
 */
export type Outcome =
  /** below: where it is stored below its path, when others are to end the attempt. */
  | { readonly kind: "completed"; readonly output: Json; readonly below?: string | undefined }
  | { readonly kind: "failed"; readonly error: ErrorRecord; readonly retryable: boolean; readonly retryAfterMs?: number };

/** An attempt that came back. Times are by the poller's clock. */
export interface Came {
  readonly path: string;
  readonly node: HandlerNode;
  readonly attempt: number;
  /** How many attempts before it the retry policy does not count. */
  readonly forgiven: number;
  /** It was told to stop, since its run fails: a failure of it counts as none. */
  readonly aborted: boolean;
  readonly outcome: Outcome;
  readonly startedAt: number;
  readonly finishedAt: number;
}

/** An attempt as it is stored. Times are by the poller's clock. */
export interface Attempted {
  readonly path: string;
  readonly attempt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
}

/** An output to be stored, of so many bytes of JSON. Its attempt is 0 where no handler made it. */
export interface NewRow extends Attempted {
  /** That of the node of the chain. */
  readonly position: number;
  readonly output: Json;
  readonly bytes: number;
}

/** A failure to be stored. */
export interface Failure extends Attempted {
  readonly error: ErrorRecord;
  /** Until it is tried again; null when it is not. */
  readonly delayMs: number | null;
}

/** A sleep that begins. When it ends is for the database to say. */
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

/** What a run that stays asks of its mail. */
export interface Asks {
  readonly names: readonly string[];
  /** When the time for some was over: it asks also where nothing is to be stored of it. */
  readonly overdue: number | undefined;
}

/** What becomes of a run when that is stored. */
export type Fate =
  /**
   * It stays in the lease: attempts go on, or more is to be decided at a time. children:
   * paths of nodes that await one.
   */
  | {
      readonly kind: "stay";
      readonly wait: Wait | undefined;
      readonly asks?: Asks | undefined;
      readonly children?: readonly string[] | undefined;
    }
  /**
   * It is given back until then, or until one of these signals comes, or a child ends that is
   * awaited. Null: there is no such time.
   */
  | {
      readonly kind: "park";
      readonly delayMs: number | null;
      readonly names?: readonly string[] | undefined;
      readonly children?: readonly string[] | undefined;
      /** The queue where it goes on, if that is another. */
      readonly queue?: string;
    }
  | { readonly kind: "done" }
  | { readonly kind: "cancelled" }
  | { readonly kind: "failed"; readonly error: ErrorRecord };

/** What a round stores of a run, and what becomes of it. */
export interface Decision {
  readonly rows: readonly NewRow[];
  readonly failures: readonly Failure[];
  readonly sleeps: readonly Sleep[];
  /** Numbers of messages that are taken with it. */
  readonly consumed: readonly number[];
  /** Signals that did not come in time. If one did, nothing of this is stored. */
  readonly timedOut: readonly string[];
  /** What becomes of its children; undefined: nothing. */
  readonly family?: FamilyChanges | undefined;
  /** As it is once that is stored. */
  readonly run: Run;
  /** Attempts to begin then. */
  readonly starts: readonly AttemptMove[];
  /** Paths of attempts that are out and are told to stop then. */
  readonly aborts: readonly string[];
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
  /** The id of a run that is to be started. */
  readonly newRunId: () => string;
  /** The queue of the poller; undefined: it calls the handlers of all. */
  readonly queue?: string | undefined;
}
