/**
 * What producers and pollers say to the engine's SQL functions and hear from them, key for key as
 * in the JSON of `sql/functions`. Keys are added, never renamed: an older poller speaks to a newer
 * schema. `run-protocol.ts` has what readers and operators say.
 */
import type { ErrorRecord } from "./errors.ts";
import type { Json } from "./json.ts";

/** A run to be stored. */
export interface NewRun {
  readonly id: string;
  readonly workflow: string;
  readonly version: number;
  readonly priority: number;
  readonly input: Json;
  /** When it may start, in ISO 8601. */
  readonly run_at?: string;
  /** How long after now it may start, in place of a time. */
  readonly delay_ms?: number;
  /** An idempotency key, which makes a repeat harmless for 7 days. */
  readonly key?: string;
  /** What the key stands for: another one is a conflict. */
  readonly hash?: string;
}

/** One `enqueue`. */
export interface EnqueueRequest {
  readonly runs: readonly NewRun[];
  /** These ids were never sent before. */
  readonly fresh?: true;
  /** The idempotency key of the call as a whole. */
  readonly request?: { readonly workflow: string; readonly key: string; readonly hash: string };
}

export interface AcceptedRun {
  readonly id: string;
  readonly status: "ready" | "waiting";
}

export interface EnqueueAnswer {
  readonly now: string;
  /** Some of the runs are due now or soon, so a poller should be woken. */
  readonly nudge: boolean;
  readonly runs: readonly AcceptedRun[];
}

/** The shape of a workflow as this code knows it; see `Registry.manifest`. */
export interface ManifestEntry {
  readonly name: string;
  readonly version: number;
  readonly shape: string;
}

/** How much to claim. */
export interface ClaimLimits {
  readonly max: number;
  readonly max_bytes: number;
  /** The watermark of the last answer, opaque to the poller. */
  readonly low: Json;
  readonly manifest: readonly ManifestEntry[];
}

export interface ClaimRequest extends ClaimLimits {
  /** The caller reads runs by columns; a database that cannot send them so refuses the claim. */
  readonly columns: true;
  readonly ttl_ms: number;
  /** Claims only runs whose lease ran out, in a lease of their own. */
  readonly suspects?: boolean;
}

/** A run as claimed. */
export interface ClaimedRun {
  readonly id: string;
  /** The number of its slot in the lease. */
  readonly place: number;
  readonly workflow: string;
  readonly version: number;
  readonly input: Json;
  /** By node; null when there are none. */
  readonly outputs: Readonly<Record<string, Json>> | null;
  /** How often each node has failed; null when none has. */
  readonly failures: Readonly<Record<string, number>> | null;
  /** How many of these a redrive has forgiven; null when there are none. */
  readonly forgiven: Readonly<Record<string, number>> | null;
}

export interface ClaimAnswer {
  readonly round: number;
  readonly runs: readonly ClaimedRun[];
  readonly low: Json;
  /** Until the next run is due: 0 when one is due already, null when none waits. */
  readonly due_in_ms: number | null;
  /** Whether suspects are due. */
  readonly suspects: boolean;
  readonly stopped: readonly string[] | null;
  /** Runs that were failed, or had nothing behind them any more, so that the others go on. */
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
  /** The time since the attempt finished. */
  readonly age_ms: number;
  /** How long it ran. */
  readonly took_ms: number;
  readonly output: Json;
}

export interface FailureEntry extends Member {
  readonly node: string;
  readonly attempt: number;
  /** The time since the attempt finished. */
  readonly age_ms: number;
  /** How long it ran. */
  readonly took_ms: number;
  /** Until the next attempt; null when there is none. */
  readonly delay_ms: number | null;
  readonly error: ErrorRecord;
}

/** One round. An output that is stored already is refused together with the whole round. */
export interface AdvanceRequest {
  readonly ttl_ms: number;
  /** Raises where the answer would be a repeat or a loss. */
  readonly strict?: true;
  /** Looks for outputs that are stored already, and refuses their runs alone. */
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

export interface AdvanceAnswer {
  readonly round: number;
  readonly runs: readonly ClaimedRun[];
  readonly low?: Json;
  readonly due_in_ms?: number | null;
  /** Runs that this round cancelled. */
  readonly stopped: readonly string[];
  /** Runs whose output was refused as a duplicate, which is a bug. */
  readonly lost: readonly string[];
  /** As for a claim. */
  readonly poisoned?: number;
}

export interface TickAnswer {
  /** As for a claim. */
  readonly poisoned: number;
  /** How long the oldest due run has been due; 0 when none is. */
  readonly oldest_ms: number;
  /** Runs of leases that were reaped. */
  readonly crashed: number;
  /** Runs that were cancelled. */
  readonly stopped: number;
  readonly low: Json;
  readonly due_in_ms: number | null;
  readonly suspects: boolean;
  readonly lease_expires_in_ms: number | null;
}
