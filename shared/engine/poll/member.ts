import type { ErrorRecord } from "../../domain/errors.ts";
import type { Json, JsonObject } from "../../domain/json.ts";
import { jsonbBytes } from "../../domain/jsonb-bytes.ts";
import type { Node } from "../../domain/node.ts";
import type { Run } from "../../domain/run.ts";
import type { Statement } from "../../domain/statement.ts";
import type { Transition } from "../../domain/transition.ts";
import type { Abort } from "./abort.ts";

/** A run that a lease holds. */
export interface Member {
  /** Its number in the lease; requests and answers say `place`. */
  readonly slot: number;
  run: Run;
  /** Of the attempt that runs, or ran last. */
  abort: Abort | undefined;
  /** It left, or was taken away: whatever its handler still returns is dropped. */
  gone: boolean;
}

/** An attempt that is over and waits to be stored. */
export interface FinishedNode {
  readonly kind: "node";
  readonly member: Member;
  readonly node: Node;
  readonly attempt: number;
  readonly transition: Transition;
  /** By the poller's clock. */
  readonly startedAt: number;
  /** By the poller's clock. */
  readonly finishedAt: number;
  /** Those of a `sql` node. */
  readonly statements?: readonly Statement[];
  /** What it changes of its run's attributes. */
  readonly patch?: JsonObject;
}

/** What goes into a round: an attempt, or a member that leaves without one. */
export type Finished =
  | FinishedNode
  | { readonly kind: "end"; readonly member: Member }
  | {
      readonly kind: "block";
      readonly member: Member;
      readonly workflow: string;
      readonly version: number;
      readonly shape: string;
      readonly reason: string;
    }
  | { readonly kind: "release"; readonly member: Member }
  /** It cannot go on: it fails with this, without an attempt. */
  | { readonly kind: "fail"; readonly member: Member; readonly error: ErrorRecord }
  /** Nothing of it can be stored: it is given back, to be looked at later. */
  | { readonly kind: "park"; readonly member: Member; readonly delayMs: number };

/** Whether its run leaves the lease with it. */
export function leaves(entry: Finished): boolean {
  if (entry.kind !== "node") return true;
  return entry.transition.kind !== "continue" && !(entry.transition.kind === "retry" && entry.transition.place === "lease");
}

/**
 * What an entry adds to a request, but for a few names and numbers. The error that ends a run is
 * sent twice.
 */
export function bytesOf(entry: Finished): number {
  if (entry.kind !== "node") return 0;
  const { transition, patch } = entry;
  const patchBytes = patch === undefined ? 0 : jsonbBytes(patch);
  if ("bytes" in transition) return transition.bytes + patchBytes;
  return "error" in transition ? 2 * jsonbBytes(transition.error as unknown as Json) + patchBytes : patchBytes;
}
