/** What pollers and the SQL functions say of runs and their children, as `protocol.ts` does. */
import type { ErrorRecord } from "./errors.ts";
import type { Json, JsonObject } from "./json.ts";
import type { RunStatus } from "./run-protocol.ts";

/** A run that a member starts. */
export interface ChildEntry {
  readonly place: number;
  /** The parent. */
  readonly run: string;
  /** The path of the node that starts it. */
  readonly node: string;
  readonly id: string;
  readonly workflow: string;
  readonly version: number;
  readonly input: Json;
  readonly attributes?: JsonObject;
  readonly delay_ms?: number;
  /** Nobody awaits it. */
  readonly detached?: true;
}

/** A part of a map's items, which a member starts: their inputs are stored below the node. */
export interface ItemsEntry {
  readonly place: number;
  /** The parent. */
  readonly run: string;
  /** The path of the map. */
  readonly node: string;
  readonly part: number;
  readonly workflow: string;
  readonly version: number;
  /** How many may go on at once. */
  readonly most?: number;
  /** How many may fail. */
  readonly tolerated: number;
}

/** What a round says of a member with children. */
export interface FamilyEntry {
  readonly place: number;
  readonly run: string;
  /** Paths by which it waits for a child. */
  readonly awaits?: readonly string[];
  /** Children that go on. */
  readonly redriven?: readonly { readonly node: string; readonly child: string }[];
  /** Maps whose failed items go on; anew: from now on. */
  readonly repeats?: readonly { readonly node: string; readonly anew?: true }[];
}

/** How children have ended, by path, and how the items of maps stand. */
export type FamilyFacts = Readonly<Record<string, ChildFacts | ItemsFacts>>;

export interface ItemsFacts {
  /** How many have not ended. */
  readonly open: number;
  /** How many of these wait for others to end. */
  readonly behind: number;
  /** How many have failed, were cancelled or deleted. */
  readonly failed: number;
  /** The first of these, where they are more than may. */
  readonly first?: ItemFacts | null;
  /** Once all have ended: those that are not collected, as many as an answer takes. */
  readonly page?: readonly ItemFacts[] | null;
}

export interface ItemFacts extends ChildFacts {
  readonly item: number;
}

export interface ChildFacts {
  readonly run: string;
  readonly status: "done" | "failed" | "cancelled" | "gone" | "stopping";
  readonly output?: Json;
  readonly error?: ErrorRecord | null;
}

/** Who started a run. */
export interface ParentFacts {
  readonly id: string;
  /** Of its node, or of the item. */
  readonly path: string;
  readonly detached: boolean;
  /** It is an item whose time has not come, since as many others go on as may. */
  readonly waits?: boolean;
}

/** What a run's own page says of its family. */
export interface FamilyOfRun {
  /** Who started it; null: no run. */
  readonly parent: ParentFacts | null;
  /** Nodes that await children; null: none does. */
  readonly awaits: readonly AwaitedFacts[] | null;
}

/** A node that awaits children. */
export interface AwaitedFacts {
  readonly path: string;
  /** How many of them have not ended. */
  readonly open: number;
  /** How many have failed or were cancelled. */
  readonly failed: number;
}

export interface ChildrenRequest {
  readonly limit: number;
  /** Only those of this path. */
  readonly path?: string;
  /** Only those after this one. */
  readonly after?: { readonly path: string; readonly id: string };
}

export interface ChildrenAnswer {
  readonly children: readonly ListedChild[];
  /** Whether there are any after these. */
  readonly more: boolean;
}

/** A child as a list shows it: of one that was deleted only what its parent knows. */
export interface ListedChild {
  readonly path: string;
  readonly id: string;
  readonly detached: boolean;
  readonly workflow?: string;
  readonly version?: number;
  readonly status?: RunStatus;
  readonly created_at?: string;
  readonly finished_at?: string | null;
}
