import type { ErrorRecord } from "../domain/errors.ts";

/** stacks: whether errors are shown with theirs. */
export interface DescribeOptions {
  readonly stacks: boolean;
}

/** A stored error as it is shown. */
export function shownError({ name, message, stack }: ErrorRecord, options: DescribeOptions): ErrorRecord {
  return { name, message, ...(options.stacks && stack !== undefined && { stack }) };
}

const earliest = "0001-01-01T00:00:00.000Z";
const latest = "9999-12-31T23:59:59.999Z";

/**
 * A time of the database as ISO 8601 in UTC, such as `2026-11-24T10:00:00.000Z`.
 *
 * One that no ISO time of four digits can say, such as infinity or the year 294276, is shown as the last that can, one before the year 1 as the first.
 */
export function utc(time: string): string {
  const parsed = Date.parse(time);
  if (/^-|BC$/.test(time) || parsed < Date.parse(earliest)) return earliest;
  return Number.isNaN(parsed) || parsed > Date.parse(latest) ? latest : new Date(parsed).toISOString();
}
