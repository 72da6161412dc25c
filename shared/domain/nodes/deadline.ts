import { indexBytes, indexOf, indexText } from "../parts.ts";
import type { Row } from "../standing.ts";

/** Below a node that waits for others: until when, by the number of the time that it waits. */
const UNTIL = "~until";
/** The length of the path of a deadline, below its node. */
export const untilBytes = UNTIL.length + indexBytes;

/** Until when a node waits, the time of this number. */
export interface Deadline {
  readonly index: number;
  /** In milliseconds since 1970, by the database's clock. */
  readonly until: number;
  /** The same, as it is stored. */
  readonly text: string;
  readonly isOver: boolean;
  readonly bytes: number;
}

/** A poller asks what has come whatever the time is. */
export const ATONCE = Number.MIN_SAFE_INTEGER;

export function untilPath(path: string, index: number): string {
  return `${path}/${UNTIL}/${indexText(index)}`;
}

/** Whether a row is a deadline, by its path below the node. */
export function isUntil(below: string): boolean {
  return below.startsWith(`${UNTIL}/`) && indexOf(below, UNTIL.length + 1) >= 0;
}

/** It comes anew once the database has said when. One that a claim told no time of is over. */
export function deadlineOf(below: string, { notBefore, output, bytes }: Row): Deadline {
  const { until: text } = output as { readonly until: string };
  const until = notBefore ?? ATONCE;
  return { index: indexOf(below, UNTIL.length + 1), until, text, isOver: notBefore === undefined, bytes };
}

/** As it is at this time. */
export function wakeDeadline<Known extends Deadline | undefined>(deadline: Known, now: number): Known {
  if (deadline === undefined || deadline.isOver || deadline.until > now) return deadline;
  return { ...deadline, isOver: true };
}
