import type { ErrorRecord } from "../errors.ts";
import type { Json } from "../json.ts";
import type { Node } from "../node.ts";
import { UNDO } from "../nodes/undo.ts";

/** Of a run that ends once it is undone: how, and why. */
export const VERDICT = "~verdict";
/** Of a run of which everything was undone: how many nodes. */
export const UNDONE = "~undone";

/** What a run comes to once it is undone, as its row `~verdict` says it. */
export interface Ruling {
  readonly status: "failed" | "cancelled";
  /** Null where it was cancelled. */
  readonly error: ErrorRecord | null;
  /** Paths of attempts that were out. */
  readonly begun?: readonly string[];
  /** A poller has died of it, three times: the node that it is at had begun. */
  readonly crashed?: boolean;
}

/** That of a run that somebody cancels. */
export const cancelled: Ruling = { status: "cancelled", error: null };

export function rulingOf(outputs: Readonly<Record<string, Json>> | null | undefined): Ruling | undefined {
  if (outputs === null || outputs === undefined || !Object.hasOwn(outputs, VERDICT)) return undefined;
  return outputs[VERDICT] as unknown as Ruling;
}

/** Rows of a run that is being undone. */
export function isOfUndo(path: string): boolean {
  return path === VERDICT || path === UNDONE || path.startsWith(UNDO);
}

/**
 * Whether something of a run at this position may have to be undone, as far as its nodes say it:
 * what is behind it, and what it is at where that holds others, or is undone even if it failed.
 */
export function mayUndo(nodes: readonly Node[], position: number): boolean {
  return nodes.slice(0, position + 1).some(({ undo, undoes }, n) => (n < position || undo === undefined ? undoes : undo.evenIfFailed));
}
