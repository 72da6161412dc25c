/**
 * What readers and operators say to the engine's SQL functions and hear of runs, key for key as in
 * the JSON of `sql/functions`. Keys are added, never renamed. Times are ISO 8601 with a zone.
 */
import type { ErrorRecord } from "./errors.ts";
import type { FamilyOfRun } from "./family-protocol.ts";
import type { Json, JsonObject } from "./json.ts";

export type RunStatus = "ready" | "running" | "waiting" | "done" | "failed" | "cancelled" | "blocked";

export type StepStatus = "pending" | "running" | "waiting" | "done" | "failed" | "skipped";

export interface CheckpointFacts {
  /** The path. */
  readonly node: string;
  /** That of the node of the chain which it belongs to. */
  readonly position: number;
  /** 0: it was stored without a handler. */
  readonly attempt: number;
  readonly started_at: string;
  /** Later than `RunFacts.moment` while it is that of a sleep which lasts. */
  readonly finished_at: string;
  readonly output: Json;
  /** How many bytes the output has, which is left out; null or absent: it is there. */
  readonly left_out?: number | null;
}

export interface FailureFacts {
  /** The path. */
  readonly node: string;
  readonly attempt: number;
  readonly started_at: string;
  readonly finished_at: string;
  /** When it is tried again; null after the last attempt. */
  readonly retry_at: string | null;
  readonly error: ErrorRecord;
}

/** What steps are told from. */
export interface StepFacts {
  readonly status: RunStatus;
  /** The database's time of the answer. */
  readonly moment: string;
  /** When the run ended; null unless it has. */
  readonly finished_at: string | null;
  readonly checkpoints: readonly CheckpointFacts[];
  readonly failures: readonly FailureFacts[];
  /** What is not all there, for want of room; older functions do not say it. */
  readonly left_out?: readonly string[] | null;
  /** How many failures at each path the last redrive forgave; null: it was never redriven. */
  readonly forgiven?: Readonly<Record<string, number>> | null;
  /** Of nodes with more than 100 parts; null: there are none. */
  readonly hidden?: readonly HiddenFacts[] | null;
  /** Of a run's own page; null where it has none; older functions do not say it. */
  readonly family?: FamilyOfRun | null;
}

/** Parts of a node that are not told one by one, and how many they are of each status. */
export interface HiddenFacts {
  readonly under: string;
  readonly counts: Readonly<Partial<Record<StepStatus, number>>>;
  /** How many nodes the longest of all its parts has begun. */
  readonly size: number | null;
}

/** Which ending was followed by which run, or is by this one. */
export interface FollowingFacts {
  /** The other run; null: it is gone. */
  readonly run: string | null;
  /** How often the run that ended had been redriven. */
  readonly ending: number;
  readonly hook: "failed" | "ended";
}

/** What a run's own page says of hooks. */
export interface HooksOfRun {
  /** Whose ending has started it; null: none has. */
  readonly follows: FollowingFacts | null;
  /** What its own endings have started; null: nothing. */
  readonly followed_by: readonly FollowingFacts[] | null;
}

/** What is known of a run. */
export interface RunFacts extends StepFacts {
  readonly id: string;
  readonly workflow: string;
  readonly version: number;
  readonly priority: number;
  readonly input: Json;
  /** Null where it has none; older functions do not say it. */
  readonly attributes?: JsonObject | null;
  readonly created_at: string;
  /** Why it failed; null unless it has. */
  readonly error: ErrorRecord | null;
  /** When it goes on; null unless it waits. */
  readonly run_at: string | null;
  /** Where it waits; null: in the default queue, or not at all. Older functions do not say it. */
  readonly queue?: string | null;
  /** Null where it has none; older functions do not say it. */
  readonly hooks?: HooksOfRun | null;
  /** Why it is blocked; null unless it is. */
  readonly blocked: string | null;
  /** For which signals it waits, where it does; older functions do not say it. */
  readonly awaits?: readonly string[] | null;
  /** How often it was redriven. */
  readonly redrives: number;
  /** How often a lease with it ran out. */
  readonly crashes: number;
}

/** Which parts of a node to list. */
export interface StepsRequest {
  /** The node's path. */
  readonly under: string;
  readonly status?: StepStatus;
  /** Only parts after this path. */
  readonly after?: string;
  readonly limit: number;
}

/** A page of parts, with what is stored of them. */
export interface StepsAnswer extends StepFacts {
  readonly parts: readonly { readonly path: string; readonly status: StepStatus }[];
  /** Whether there are any after these. */
  readonly more: boolean;
  /** False: there is no part `after`; older functions do not say it. */
  readonly follows?: boolean;
}

/** Which runs to list. Times are ISO 8601 with a zone: from, and up to. */
export interface ListRequest {
  readonly workflow?: string;
  readonly version?: number;
  readonly status?: RunStatus;
  /** What the attributes of a run must contain. */
  readonly attributes?: Json;
  readonly created_after?: string;
  readonly created_before?: string;
  readonly ended_after?: string;
  readonly ended_before?: string;
  readonly error_name?: string;
  readonly failed_node?: string;
  /** Only runs with lower ids, which are older ones. */
  readonly before?: string;
  readonly limit: number;
}

/**
 * A page of runs. It looks at so many entries at most: it may be short and yet not be the last.
 */
export interface ListAnswer {
  readonly runs: readonly ListedRun[];
  /** Where to look on; null where the page is full or was the last. */
  readonly next: string | null;
  /** Whether there may be more; functions of before, which know fewer filters, do not say. */
  readonly more?: boolean;
}

export interface ListedRun {
  readonly id: string;
  readonly workflow: string;
  readonly version: number;
  readonly status: RunStatus;
  readonly created_at: string;
  readonly finished_at: string | null;
}

/** How many runs: exact up to 10,000. */
export type RunCount = number | { readonly atLeast: number };

export interface WorkflowsRequest {
  readonly limit: number;
  /** Only names after this one. */
  readonly after?: string;
  /** Only runs of this version. */
  readonly version?: number;
}

export interface WorkflowsAnswer {
  readonly workflows: readonly WorkflowCounts[];
  /** Go on after this name; null on the last page. */
  readonly next: string | null;
}

/** A workflow that has runs, and how many in each status. */
export interface WorkflowCounts {
  readonly name: string;
  readonly counts: Readonly<Record<RunStatus, RunCount>>;
}

/** What is looked for in failures' messages and attributes. */
export interface SearchRequest {
  readonly text: string;
  readonly limit: number;
  /** Only runs with lower ids, which are older ones. */
  readonly before?: string;
}

/** The newest 1,000 runs that hold the text are ranked; those that say it best come first. */
export interface SearchAnswer {
  readonly runs: readonly FoundRun[];
  /** Among how many. */
  readonly ranked: number;
  /** Where to look on for older ones; null where there are none. */
  readonly next: string | null;
}

export interface FoundRun extends ListedRun {
  /** 1 for the very text, less for words like it. */
  readonly score: number;
  /** The first 300 characters of where it was found. */
  readonly found: string;
}
