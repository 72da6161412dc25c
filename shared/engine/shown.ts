import type { ErrorRecord } from "../domain/errors.ts";

/** stacks: whether errors are shown with theirs. */
export interface DescribeOptions {
  readonly stacks: boolean;
}

/** A stored error as it is shown. */
export function shownError({ name, message, stack }: ErrorRecord, options: DescribeOptions): ErrorRecord {
  return { name, message, ...(options.stacks && stack !== undefined && { stack }) };
}

/** A time of the database as ISO 8601 in UTC, such as `2026-11-24T10:00:00.000Z`. */
export function utc(time: string): string {
  return new Date(time).toISOString();
}
