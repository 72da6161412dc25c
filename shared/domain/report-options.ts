import { MAX_DAYS, parseDuration } from "./duration.ts";
import { limitPattern, limitRule } from "./limit.ts";
import { namePattern } from "./name.ts";

/** An option of reports: what it takes as a text, and what that stands for in a template. */
export interface ReportOption {
  readonly takes: (text: string) => boolean;
  /** What to give instead of a text that it does not take. */
  readonly rule: string;
  readonly byDefault?: string;
  readonly valueOf: (text: string) => string | number;
}

const units = { m: "minutes", h: "hours", d: "days", w: "weeks" } as const;

/** `"7 days"` for `"7d"`: for Postgres an interval, for Baton a duration. */
const inWords = (since: string) => `${since.slice(0, -1)} ${units[since.at(-1) as keyof typeof units]}`;

/** How long a window is, in milliseconds. */
export const windowOf = (since: string): number => parseDuration(inWords(since));

const LONGEST_MS = parseDuration(`${MAX_DAYS} days`);

export const reportOptions = {
  since: {
    takes: (text) => /^[1-9]\d{0,6}[mhdw]$/.test(text) && windowOf(text) <= LONGEST_MS,
    rule: `give a number and m, h, d or w, such as 90m, 24h, 7d or 4w, at most ${MAX_DAYS}d`,
    byDefault: "1d",
    valueOf: inWords,
  },
  workflow: { takes: (text) => namePattern.test(text), rule: "give the name of a workflow", valueOf: String },
  node: { takes: (text) => namePattern.test(text), rule: "give the name of a node", valueOf: String },
  limit: { takes: (text) => limitPattern.test(text), rule: limitRule, byDefault: "20", valueOf: Number },
} as const satisfies Record<string, ReportOption>;
