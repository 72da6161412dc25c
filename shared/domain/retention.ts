import { type Duration, toSleepMilliseconds } from "./duration.ts";

/**
 * How long ended runs are kept, from their ending on, by what they ended as; ten years at most.
 */
export interface Retention {
  readonly done?: Duration | "for ever";
  readonly failed?: Duration | "for ever";
  readonly cancelled?: Duration | "for ever";
}

/** That of every workflow, and of some by their names, which goes before it status by status. */
export interface ServiceRetention {
  readonly every?: Retention;
  readonly workflows?: Readonly<Record<string, Retention>>;
}

/**
 * The same as the database reads it: milliseconds by status and workflow, the name "" standing for
 * every other one; null, or no entry: for ever.
 */
export type RetentionRules = Readonly<Record<string, Readonly<Record<string, number | null>>>>;

/** A week by its beginning, what may go of it by which rules, and when that is asked. */
export interface Week {
  readonly starts: string;
  readonly rules: RetentionRules;
  readonly moment: string;
}

/** What a week holds. */
export interface WeekWeight {
  readonly runs: number;
  /** How many of them may go. */
  readonly expired: number;
  /** On the disk, of the whole week. */
  readonly bytes: number;
}

/** A retention that says something else than how long. */
export class InvalidRetentionError extends Error {
  override readonly name = "InvalidRetentionError";
  readonly of: string;

  constructor(of: string, problem: string, options?: ErrorOptions) {
    super(`The retention of ${of} ${problem}. Correct it in shared/workflows/retention.ts: nothing was let go.`, options);
    this.of = of;
  }
}

const STATUSES = ["done", "failed", "cancelled"] as const;
const dayMs = 86_400_000;

/**
 * Checks a retention and turns it into rules; without any, all runs are kept for ever.
 *
 * @throws InvalidRetentionError
 * @example
 * retentionRules({ every: { done: "30 days" } }); // { done: { "": 2592000000 } }
 */
export function retentionRules({ every = {}, workflows = {} }: ServiceRetention): RetentionRules {
  const rules: Record<string, Record<string, number | null>> = {};
  for (const [name, retention] of [["", every] as const, ...Object.entries(workflows)]) {
    const of = name === "" ? "every workflow" : `workflow "${name}"`;
    for (const [status, time] of Object.entries(retention)) (rules[checkStatus(of, status)] ??= {})[name] = millisecondsOf(of, time);
  }
  return rules;
}

/** Whether nothing is ever let go by these rules. */
export function keepsAll(rules: RetentionRules): boolean {
  return Object.values(rules).every((times) => Object.values(times).every((time) => time === null));
}

function checkStatus(of: string, status: string): string {
  if ((STATUSES as readonly string[]).includes(status)) return status;
  throw new InvalidRetentionError(of, `names "${status}": it takes ${STATUSES.join(", ")}`);
}

/** A day at the least: while its id may be sent again, a run must be there to know it. */
function millisecondsOf(of: string, time: Duration | "for ever"): number | null {
  if (time === "for ever") return null;
  try {
    const milliseconds = toSleepMilliseconds(time);
    if (milliseconds >= dayMs) return milliseconds;
  } catch (cause) {
    throw new InvalidRetentionError(of, `is no time: ${(cause as Error).message}`, { cause });
  }
  throw new InvalidRetentionError(of, `is "${time}", and a day is the least`);
}
