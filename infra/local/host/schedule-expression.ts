/** What a schedule's expression says; at in milliseconds since 1970, as if its zone were UTC. */
export type ScheduleExpression = { readonly kind: "at"; readonly at: number } | { readonly kind: "rate" | "cron" };

/** One field of a cron expression: its numbers, the names that stand for them, and its signs. */
interface Field {
  readonly from: number;
  readonly to: number;
  readonly names?: readonly string[];
  readonly signs?: RegExp;
}

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/** Minutes, hours, day of the month, month, day of the week, year. */
const FIELDS: readonly Field[] = [
  { from: 0, to: 59 },
  { from: 0, to: 23 },
  { from: 1, to: 31, signs: /^(\?|L|L?W|\d{1,2}W)$/ },
  { from: 1, to: 12, names: MONTHS },
  { from: 1, to: 7, names: DAYS, signs: /^(\?|[1-7]?L|[1-7]#[1-5])$/ },
  { from: 1970, to: 2199 },
];
const DAY_OF_MONTH = 2;
const DAY_OF_WEEK = 4;

/** Reads at(…), rate(…) or cron(…); undefined for what the Scheduler does not take. */
export function readExpression(text: string): ScheduleExpression | undefined {
  const [, kind = "", inner = ""] = /^(at|rate|cron)\((.*)\)$/.exec(text) ?? [];
  if (kind === "at") return readTime(inner);
  if (kind === "rate") return /^[1-9]\d* (minute|hour|day)s?$/.test(inner) ? { kind } : undefined;
  if (kind === "cron") return isCron(inner.split(/\s+/)) ? { kind } : undefined;
  return undefined;
}

function readTime(text: string): ScheduleExpression | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text)) return undefined;
  const at = Date.parse(`${text}Z`);
  return Number.isNaN(at) || new Date(at).toISOString().slice(0, 19) !== text ? undefined : { kind: "at", at };
}

/** Of the two days exactly one has to be left open by a question mark. */
function isCron(fields: readonly string[]): boolean {
  if (fields.length !== FIELDS.length || (fields[DAY_OF_MONTH] === "?") === (fields[DAY_OF_WEEK] === "?")) return false;
  return fields.every((field, index) => field.split(",").every((part) => isPart(part, FIELDS[index]!)));
}

function isPart(part: string, field: Field): boolean {
  if (field.signs?.test(part) === true) return true;
  const [, first = "", last, step] = /^([^-/]+)(?:-([^-/]+))?(?:\/(\d+))?$/.exec(part) ?? [];
  if (step !== undefined && Number(step) < 1) return false;
  if (first === "*") return last === undefined;
  return isValue(first, field) && (last === undefined || isValue(last, field));
}

function isValue(text: string, { from, to, names = [] }: Field): boolean {
  if (names.includes(text.toUpperCase())) return true;
  return /^\d+$/.test(text) && Number(text) >= from && Number(text) <= to;
}
