/**
 * What the engine and its SQL functions say to each other, key for key as in the JSON of `sql/functions`.
 * Keys are added, never renamed: an older poller speaks to a newer schema.
 */
import type { Json } from "./json.ts";
import type { ErrorRecord } from "./errors.ts";

export type RunStatus = "ready" | "running" | "waiting" | "done" | "failed" | "cancelled" | "blocked";

/** A run to be stored; run_at (ISO 8601) or delay_ms postpone it, key and hash make its repeat harmless for 7 days. */
export interface NewRun {
  readonly id: string;
  readonly workflow: string;
  readonly version: number;
  readonly priority: number;
  readonly input: Json;
  readonly run_at?: string;
  readonly delay_ms?: number;
  readonly key?: string;
  readonly hash?: string;
}

/** One `enqueue`: request carries the idempotency key of the call as a whole; fresh: these ids were never sent before. */
export interface EnqueueRequest {
  readonly runs: readonly NewRun[];
  readonly fresh?: true;
  readonly request?: { readonly workflow: string; readonly key: string; readonly hash: string };
}

export interface AcceptedRun {
  readonly id: string;
  readonly status: "ready" | "waiting";
}

/** nudge: some of the runs are due now or soon, so a poller should be woken. */
export interface EnqueueAnswer {
  readonly now: string;
  readonly nudge: boolean;
  readonly runs: readonly AcceptedRun[];
}

export interface CheckpointFacts {
  readonly node: string;
  readonly position: number;
  readonly attempt: number;
  readonly started_at: string;
  readonly finished_at: string;
  readonly output: Json;
}

export interface FailureFacts {
  readonly node: string;
  readonly attempt: number;
  readonly started_at: string;
  readonly finished_at: string;
  readonly retry_at: string | null;
  readonly error: ErrorRecord;
}

/** What is known of a run; finished_at of a checkpoint lies after moment while its sleep lasts. Times are ISO 8601 with zone. */
export interface RunFacts {
  readonly id: string;
  readonly workflow: string;
  readonly version: number;
  readonly priority: number;
  readonly input: Json;
  readonly created_at: string;
  readonly moment: string;
  readonly status: RunStatus;
  readonly error: ErrorRecord | null;
  readonly finished_at: string | null;
  readonly run_at: string | null;
  readonly blocked: string | null;
  readonly redrives: number;
  readonly crashes: number;
  readonly checkpoints: readonly CheckpointFacts[];
  readonly failures: readonly FailureFacts[];
}

export interface ListRequest {
  readonly workflow?: string;
  readonly status?: RunStatus;
  readonly before?: string;
  readonly limit: number;
}

/** next: where to look on, null where the page is full or was the last. A page looks at so many entries, so it may be short and yet not the last. */
export interface ListAnswer {
  readonly runs: readonly ListedRun[];
  readonly next: string | null;
}

export interface ListedRun {
  readonly id: string;
  readonly workflow: string;
  readonly version: number;
  readonly status: RunStatus;
  readonly created_at: string;
  readonly finished_at: string | null;
}

/** Which life of a run a cancel or a redrive means. */
export interface LifeRequest {
  /** How often the run had been redriven when the caller looked at it; if it was redriven since, nothing is done. */
  readonly redrives?: number;
}

export interface CancelAnswer {
  /** `cancelled`, `cancelling`, or the status of a run that was left alone. */
  readonly status: string;
}

export interface RedriveAnswer {
  /** The status before the call; `unfinished` for a run without an ending. */
  readonly status: string;
  /** Whether this call or an earlier one redrove the run. */
  readonly redriven: boolean;
  /** Whether this call did. */
  readonly changed: boolean;
}

/** The shape of a workflow as this code knows it; see `Registry.manifest`. */
export interface ManifestEntry {
  readonly name: string;
  readonly version: number;
  readonly shape: string;
}

/** How much to claim; low is the watermark of the last answer, opaque to the poller. */
export interface ClaimLimits {
  readonly max: number;
  readonly max_bytes: number;
  readonly low: Json;
  readonly manifest: readonly ManifestEntry[];
}

/** columns: the caller reads runs by columns; a database that knows no other way refuses a claim without it. */
export interface ClaimRequest extends ClaimLimits {
  readonly columns: true;
  readonly ttl_ms: number;
  readonly suspects?: boolean;
}

/** A run as claimed: place is its number in the lease; outputs, failures and forgiven are null when there are none. */
export interface ClaimedRun {
  readonly id: string;
  readonly place: number;
  readonly workflow: string;
  readonly version: number;
  readonly input: Json;
  readonly outputs: Readonly<Record<string, Json>> | null;
  readonly failures: Readonly<Record<string, number>> | null;
  readonly forgiven: Readonly<Record<string, number>> | null;
}

/**
 * due_in_ms: until the next run is due, 0 when one is due already, null when none waits. poisoned: runs that were failed, or had
 * nothing behind them any more, so that the others go on.
 */
export interface ClaimAnswer {
  readonly round: number;
  readonly runs: readonly ClaimedRun[];
  readonly low: Json;
  readonly due_in_ms: number | null;
  readonly suspects: boolean;
  readonly stopped: readonly string[] | null;
  readonly poisoned?: number;
}

interface Member {
  readonly place: number;
  readonly run: string;
}

export interface StepEntry extends Member {
  readonly node: string;
  readonly position: number;
  readonly attempt: number;
  readonly age_ms: number;
  readonly took_ms: number;
  readonly output: Json;
}

export interface FailureEntry extends Member {
  readonly node: string;
  readonly attempt: number;
  readonly age_ms: number;
  readonly took_ms: number;
  readonly delay_ms: number | null;
  readonly error: ErrorRecord;
}

/**
 * One round: age_ms is the time since an attempt finished, took_ms how long it ran. strict raises where the answer would be a repeat
 * or a loss. An output that is stored already is refused with the whole round, or, checked, with its run alone.
 */
export interface AdvanceRequest {
  readonly ttl_ms: number;
  readonly strict?: true;
  readonly checked?: true;
  readonly steps?: readonly StepEntry[];
  readonly failures?: readonly FailureEntry[];
  readonly sleeps?: readonly (Member & {
    readonly node: string;
    readonly position: number;
    readonly attempt: number;
    readonly delay_ms: number;
  })[];
  readonly parks?: readonly (Member & { readonly delay_ms: number })[];
  readonly released?: readonly (Member & { readonly delay_ms: 0 })[];
  readonly done?: readonly Member[];
  readonly failed?: readonly (Member & { readonly error: ErrorRecord })[];
  readonly blocked?: readonly (Member & {
    readonly workflow: string;
    readonly version: number;
    readonly shape: string;
    readonly reason: string;
  })[];
  readonly claim?: ClaimLimits;
}

/** stopped: runs cancelled by this round; lost: runs whose output was refused as a duplicate, which is a bug; poisoned as for a claim. */
export interface AdvanceAnswer {
  readonly round: number;
  readonly runs: readonly ClaimedRun[];
  readonly low?: Json;
  readonly due_in_ms?: number | null;
  readonly stopped: readonly string[];
  readonly lost: readonly string[];
  readonly poisoned?: number;
}

/** crashed: runs of reaped leases, poisoned as for a claim; oldest_ms: how long the oldest due run has been due, 0 when none is. */
export interface TickAnswer {
  readonly poisoned: number;
  readonly oldest_ms: number;
  readonly crashed: number;
  readonly stopped: number;
  readonly low: Json;
  readonly due_in_ms: number | null;
  readonly suspects: boolean;
  readonly lease_expires_in_ms: number | null;
}
