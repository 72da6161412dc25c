import type { ErrorRecord } from "../../domain/errors.ts";
import { redacted, redactSecrets, type Redact } from "../../domain/redact.ts";

export interface DescribeOptions {
  /** Whether errors are shown with their stacks. */
  readonly stacks: boolean;
  /** Masks them once more, for those that an older version stored. */
  readonly redact?: Redact;
}

/** A stored error as it is shown: its message tells its parts and causes too. */
export function shownError(error: ErrorRecord, options: DescribeOptions): ErrorRecord {
  const { name, code, stack } = error;
  const { stacks, redact = redactSecrets } = options;
  return {
    name,
    message: redacted(messageOf(error), redact),
    ...(code !== undefined && { code }),
    ...(stacks && stack !== undefined && { stack: redacted(stack, redact) }),
  };
}

/**
 * Such as `fetch failed (caused by Error: connect ECONNREFUSED 127.0.0.1:9)`. A cause that says no
 * more is left out.
 */
export function messageOf({ message, cause, errors = [] }: ErrorRecord): string {
  const parts = errors.map((part) => ` (${part.name}: ${messageOf(part)})`).join("");
  if (cause === undefined || (message.includes(cause.message) && cause.cause === undefined)) return message + parts;
  return `${message}${parts} (caused by ${cause.name}: ${messageOf(cause)})`;
}

const earliest = "0001-01-01T00:00:00.000Z";
const latest = "9999-12-31T23:59:59.999Z";

/**
 * A time of the database as ISO 8601 in UTC, such as `2026-11-24T10:00:00.000Z`.
 *
 * One that no ISO time of four digits can say, such as infinity or the year 294276, is shown as the
 * last that can, one before the year 1 as the first.
 */
export function utc(time: string): string {
  const parsed = Date.parse(time);
  if (/^-|BC$/.test(time) || parsed < Date.parse(earliest)) return earliest;
  return Number.isNaN(parsed) || parsed > Date.parse(latest) ? latest : new Date(parsed).toISOString();
}
