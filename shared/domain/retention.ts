import { type Duration, MAX_DAYS_AHEAD, parseDuration } from "./duration.ts";
import { namePattern } from "./name.ts";

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

/** A retention that says something else than how long; `of` is the part that does. */
export class InvalidRetentionError extends Error {
  override readonly name = "InvalidRetentionError";
  readonly of: string;

  constructor(of: string, problem: string, options?: ErrorOptions) {
    super(`${of} ${problem}. Correct the retention that maintain is given: nothing was let go.`, options);
    this.of = of;
  }
}

const STATUSES = ["done", "failed", "cancelled"];
const dayMs = 86_400_000;

/**
 * Checks a retention and turns it into rules; without any, all runs are kept for ever.
 *
 * @throws InvalidRetentionError
 * @example
 * retentionRules({ every: { done: "30 days" } }); // { done: { "": 2592000000 } }
 */
export function retentionRules(retention: ServiceRetention): RetentionRules {
  const rules: Record<string, Record<string, number | null>> = {};
  const { every = {}, workflows = {} } = checkKeys("The retention", retention, ["every", "workflows"]);
  for (const [name, times] of [["", every] as const, ...Object.entries(checkKeys("The retention by workflow", workflows))]) {
    const of = name === "" ? "The retention of every workflow" : `The retention of workflow "${name}"`;
    if (name !== "" && !namePattern.test(name)) throw new InvalidRetentionError(of, "is of a name that no workflow can have");
    for (const [status, time] of Object.entries(checkKeys(of, times, STATUSES)))
      (rules[status] ??= {})[name] = millisecondsOf(`${of}, ${status},`, time);
  }
  return rules;
}

/** Whether nothing is ever let go by these rules. */
export function keepsAll(rules: RetentionRules): boolean {
  return Object.values(rules).every((times) => Object.values(times).every((time) => time === null));
}

/** The compiler sees to it, where somebody asks it. */
function checkKeys<Part extends object>(of: string, part: Part, known?: readonly string[]): Part {
  if (typeof part !== "object" || part === null) throw new InvalidRetentionError(of, `is ${JSON.stringify(part)}, and takes an object`);
  const unknown = known && Object.keys(part).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new InvalidRetentionError(of, `names "${unknown}": it takes ${known!.join(", ")}`);
  return part;
}

/** A day at the least: while its id may be sent again, a run must be there to know it. */
function millisecondsOf(of: string, time: Duration | "for ever"): number | null {
  if (time === "for ever") return null;
  const milliseconds = parsed(time);
  if (milliseconds >= dayMs && milliseconds <= MAX_DAYS_AHEAD * dayMs) return milliseconds;
  throw new InvalidRetentionError(of, `is ${JSON.stringify(time)}: it takes "for ever", or "1 day" to "${MAX_DAYS_AHEAD} days"`);
}

/** What is no duration is NaN. */
function parsed(time: Duration): number {
  try {
    return parseDuration(time);
  } catch {
    return NaN;
  }
}
