/** What operators say to the engine's SQL functions of one run, as `run-protocol.ts` does. */
import type { JsonObject } from "./json.ts";

/** Which life of a run a cancel or a redrive means, and who asks. */
export interface LifeRequest {
  /** How often it had been redriven when the caller looked; if more by now, nothing is done. */
  readonly redrives?: number;
  /** Who asks, for the audit, in 1 to 200 characters (default: the login). */
  readonly by?: string;
}

/** A cancel. */
export interface CancelRequest extends LifeRequest {
  /** What the run has done is undone before it ends. */
  readonly undo?: true;
}

export interface CancelAnswer {
  /** `cancelled`, `cancelling`, or the status of a run that was left alone. */
  readonly status: string;
  /** A run that follows the ending is due: wake a poller. Older functions do not say it. */
  readonly nudge?: boolean;
  /** It was left alone since it is being undone. */
  readonly undoing?: true;
}

/** A change of a run's attributes: key by key at the top level, and null takes a key away. */
export interface AttributesRequest {
  readonly patch: JsonObject;
  /** JavaScript gives it back as it is. */
  readonly checked: true;
  /** Who asks, for the audit, in 1 to 200 characters (default: the login). */
  readonly by?: string;
}

export interface AttributesAnswer {
  /** As they are now. */
  readonly attributes: JsonObject;
  /** Whether this call changed something. */
  readonly changed: boolean;
}

export interface DeleteAnswer {
  /** The status before the call. */
  readonly status: string;
  /** Whether this call or an earlier one deleted the run. */
  readonly deleted: boolean;
  /** Whether this call did. */
  readonly changed: boolean;
}

export interface RedriveAnswer {
  /** The status before the call; `unfinished` for a run without an ending. */
  readonly status: string;
  /** Whether this call or an earlier one redrove the run. */
  readonly redriven: boolean;
  /** Whether this call did. */
  readonly changed: boolean;
  /** It cannot be redriven: what it had done was undone, or partly. */
  readonly undone?: true;
}
