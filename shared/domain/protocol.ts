/**
 * What producers and pollers say to the engine's SQL functions and hear from them, key for key as
 * in the JSON of `sql/functions`. Keys are added, never renamed: an older poller speaks to a newer
 * schema. `run-protocol.ts` has what readers and operators say.
 */
import type { SignalKey } from "./address.ts";
import type { MailFacts } from "./mail-protocol.ts";
import type { columns, RowOf } from "./columns.ts";
import type { ErrorRecord } from "./errors.ts";
import type { ChildEntry, FamilyEntry, FamilyFacts, ItemsEntry } from "./family-protocol.ts";
import type { Json } from "./json.ts";

type Columns = typeof columns;

/** A run to be stored. */
export type NewRun = RowOf<Columns["runs"]> & Partial<RowOf<Columns["someRuns"]>>;

/** One `enqueue`. */
export interface EnqueueRequest {
  readonly runs: readonly NewRun[];
  /** These ids were never sent before. */
  readonly fresh?: true;
  /** The idempotency key of the call as a whole. */
  readonly request?: { readonly workflow: string; readonly key: string; readonly hash: string };
  /** The queue of all of them, where it is not the default one. */
  readonly queue?: string | undefined;
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
  /** What of its runs a claim does not read. */
  readonly skips?: readonly { readonly path: string; readonly floor: string }[];
  /** Its runs may wait for signals, which a claim reads then. */
  readonly waits?: true;
  /** Its runs may have children, of which a claim tells how they have ended. */
  readonly family?: true;
  /** What follows the endings of its runs. */
  readonly hooks?: HookEntries;
  /** Something of it has an undo: its runs do not end before that is done. */
  readonly undoes?: true;
}

/** A workflow of which a run is started. */
export interface HookEntry {
  readonly name: string;
  readonly version: number;
}

/** Runs that follow when a run has failed, and when it has ended in whatever way. */
export interface HookEntries {
  readonly failed?: HookEntry;
  readonly ended?: HookEntry;
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
  /** Whose runs it claims, where that is not the default queue; its lease is of that queue. */
  readonly queue?: string;
}

/** A run as claimed. */
export interface ClaimedRun extends RowOf<Columns["claimed"]> {
  /** By node; null when there are none. */
  readonly outputs: Readonly<Record<string, Json>> | null;
  /** How often each node has failed; null when none has. */
  readonly failures: Readonly<Record<string, number>> | null;
  /** How many of these a redrive has forgiven; null when there are none. */
  readonly forgiven: Readonly<Record<string, number>> | null;
  /** How often it was redriven; null: never. Older functions do not say it. */
  readonly redrives?: number | null;
  /** Until when sleeps below a node last, where that is ahead. Older functions do not say it. */
  readonly asleep?: Readonly<Record<string, string>> | null;
  /** When paths below a node that failed are tried again, where that is ahead. */
  readonly backing_off?: Readonly<Record<string, string>> | null;
  /** The failures for good of paths below a node. Older functions do not say it. */
  readonly fatal?: Readonly<Record<string, FatalFacts>> | null;
  /** What of its mail is known. Older functions do not say it. */
  readonly mail?: MailFacts | null;
  /** How its children have ended whose output it does not have. Older functions do not say it. */
  readonly family?: FamilyFacts | null;
  /**
   * Of a run that is undone: when each path was over, in microseconds since 1970. Older functions
   * do not say it.
   */
  readonly finished?: Readonly<Record<string, number>> | null;
}

/** A failure for good. */
export interface FatalFacts {
  readonly attempt: number;
  readonly at: string;
  readonly error: ErrorRecord;
}

export interface ClaimAnswer {
  /** The database's time, in ISO 8601. */
  readonly now: string;
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

export type StepEntry = RowOf<Columns["steps"]>;
type Park = RowOf<Columns["parks"]>;
type Size = Partial<RowOf<Columns["size"]>>;
type Elsewhere = Partial<RowOf<Columns["elsewhere"]>>;
export type FailureEntry = RowOf<Columns["failures"]>;

interface Named {
  readonly place: number;
  readonly run: string;
  readonly names: readonly string[];
  /** Business keys by which it waits. */
  readonly keys?: readonly SignalKey[];
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
  readonly sleeps?: readonly (RowOf<Columns["sleeps"]> & Size)[];
  /** Sleeps that begin while their run stays in the lease, or is parked for something sooner. */
  readonly timers?: readonly RowOf<Columns["timers"]>[];
  /** delay_ms: null until a child ends that is awaited. */
  readonly parks?: readonly (Park & Size & Elsewhere)[];
  /** Runs that leave the lease until a time, or until a signal of these names comes. */
  readonly waits?: readonly (Park & Size & Elsewhere & Named)[];
  readonly released?: readonly Park[];
  readonly done?: readonly RowOf<Columns["done"]>[];
  readonly failed?: readonly RowOf<Columns["failed"]>[];
  /** Runs that were undone since somebody cancelled them. */
  readonly cancelled?: readonly RowOf<Columns["done"]>[];
  readonly blocked?: readonly RowOf<Columns["blocked"]>[];
  readonly attributes?: readonly RowOf<Columns["attributes"]>[];
  /** Messages that what is stored has taken. */
  readonly consumed?: readonly { readonly place: number; readonly run: string; readonly n: number }[];
  /** What is stored of these runs rests on these signals not having come. */
  readonly timeouts?: readonly Named[];
  /** Members that stay, and wait for these signals. */
  readonly asks?: readonly Named[];
  /** Runs that members start. */
  readonly children?: readonly ChildEntry[];
  /** Parts of maps whose items members start as runs. */
  readonly items?: readonly ItemsEntry[];
  /** Members that have children, or had some. */
  readonly family?: readonly FamilyEntry[];
  readonly claim?: ClaimLimits;
}

export interface AdvanceAnswer {
  /** The database's time, in ISO 8601; not known of a round whose answer was lost. */
  readonly now?: string;
  readonly round: number;
  readonly runs: readonly ClaimedRun[];
  readonly low?: Json;
  readonly due_in_ms?: number | null;
  /** Runs that this round cancelled. */
  readonly stopped: readonly string[];
  /** Runs whose output was refused as a duplicate, which is a bug. */
  readonly lost: readonly string[];
  /** Runs of which nothing was stored: a signal came in time. */
  readonly late?: readonly string[] | null;
  /** Members that somebody has cancelled, and that are to be undone. Older functions know none. */
  readonly called_off?: readonly string[] | null;
  /** When a round in which sleeps began was applied, where its answer is that to a repeat. */
  readonly applied_at?: string | null;
  /** Of runs that have asked. */
  readonly mail?: Readonly<Record<string, MailFacts>> | null;
  /** Of members that have children and stay. */
  readonly family?: Readonly<Record<string, FamilyFacts>> | null;
  /**
   * Runs whose attributes stay as they are: with what this round asked for they would be so many
   * bytes. Older functions do not say it.
   */
  readonly left_out?: readonly { readonly run: string; readonly bytes: number }[] | null;
  /** As for a claim. */
  readonly poisoned?: number;
}

/** How it stands with the runs of one queue. */
export interface QueueFacts {
  /** How long the oldest due run has been due; 0 when none is. */
  readonly oldest_ms: number;
  /** Until the next run is due, suspects among them. */
  readonly due_in_ms: number | null;
  readonly suspects: boolean;
  readonly lease_expires_in_ms: number | null;
}

export interface TickAnswer extends QueueFacts {
  /** As for a claim. */
  readonly poisoned: number;
  /** Runs of leases that were reaped. */
  readonly crashed: number;
  /** Messages by a key that no run has claimed in time. Older functions do not say it. */
  readonly expired_signals?: number;
  /**
   * How long the oldest of those that are left has been there; null: there is none. Older functions
   * do not say it.
   */
  readonly unclaimed_ms?: number | null;
  /** Runs that were cancelled. */
  readonly stopped: number;
  readonly low: Json;
  /** The other queues. Older functions do not say it, nor where there are none. */
  readonly queues?: Readonly<Record<string, QueueFacts>> | null;
}
