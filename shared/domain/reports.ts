import { namePattern } from "./name.ts";
import type { TemplateValues } from "./query-template.ts";
import type { ReportName } from "./report-columns.ts";

export type { ReportName, ReportRow } from "./report-columns.ts";

/** What a report may be asked for, beside the options that all of them have. */
const optionsOf: Readonly<Record<ReportName, readonly Option[]>> = {
  "slow-steps": ["since", "workflow", "node", "limit"],
  failures: ["since", "workflow", "node", "limit"],
  retries: ["since", "workflow", "node"],
  "backlog-age": ["workflow"],
  storage: ["since", "workflow", "limit"],
};

/** Each option: whether a text is one, the value that it stands for, and what to give instead. */
const options = {
  since: {
    pattern: /^[1-9]\d{0,4}[mhdw]$/,
    valueOf: (text: string) => `${text.slice(0, -1)} ${units[text.at(-1) as keyof typeof units]}`,
    rule: "give a number and m, h, d or w, such as 90m, 24h, 7d or 4w",
    byDefault: "1d",
  },
  workflow: { pattern: namePattern, valueOf: String, rule: "give the name of a workflow", byDefault: undefined },
  node: { pattern: namePattern, valueOf: String, rule: "give the name of a node", byDefault: undefined },
  limit: { pattern: /^([1-9]\d?|100)$/, valueOf: Number, rule: "give a whole number from 1 to 100", byDefault: "20" },
} as const;

export const reportNames = Object.keys(optionsOf) as ReportName[];

type Option = keyof typeof options;

const units = { m: "minutes", h: "hours", d: "days", w: "weeks" } as const;
const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const LONGEST_MS = 7 * unitMs.d;

/** What is wrong with one option of a report. */
export interface OptionIssue {
  readonly option: string;
  readonly message: string;
}

/** There is no report of this name. */
export class UnknownReportError extends Error {
  override readonly name = "UnknownReportError";
  readonly report: string;

  constructor(report: string) {
    super(`There is no report "${report}". There are ${inWords(reportNames)}.`);
    this.report = report;
  }
}

/** Options that a report does not have, or values that they do not take; all that are wrong. */
export class InvalidReportError extends Error {
  override readonly name = "InvalidReportError";
  readonly report: ReportName;
  readonly issues: readonly OptionIssue[];

  constructor(report: ReportName, issues: readonly OptionIssue[]) {
    super(`The report ${report} cannot be made: ${issues.map(({ option, message }) => `${option}: ${message}`).join("; ")}.`);
    this.report = report;
    this.issues = issues;
  }
}

/** A report as it was asked for, with a value for each option that it has. */
export interface ReportRequest {
  readonly report: ReportName;
  readonly values: TemplateValues;
}

/**
 * Reads a name and options as texts, as they come from a command or a query string. Throws
 * `UnknownReportError`, or `InvalidReportError` with all that is wrong.
 */
export function readReportRequest(name: string, given: Readonly<Record<string, string>>): ReportRequest {
  if (!Object.hasOwn(optionsOf, name)) throw new UnknownReportError(name);
  const report = name as ReportName;
  const known = optionsOf[report];
  const issues = Object.entries(given).flatMap(([option, text]) => issuesOf(known, option, text));
  if (issues.length > 0) throw new InvalidReportError(report, issues);
  const values = known.map((option) => [option, valueOf(option, given[option])] as const);
  return { report, values: Object.fromEntries(values) };
}

function issuesOf(known: readonly Option[], option: string, text: string): OptionIssue[] {
  const rule = known.find((one) => one === option);
  if (rule === undefined) return [{ option, message: `there is no such option; there are ${inWords(known)}` }];
  if (!options[rule].pattern.test(text)) return [{ option, message: options[rule].rule }];
  if (rule === "since" && lengthOf(text) > LONGEST_MS) return [{ option, message: "give at most 7d" }];
  return [];
}

function valueOf(option: Option, text: string | undefined): string | number | undefined {
  const { valueOf: value, byDefault } = options[option];
  const said = text ?? byDefault;
  return said === undefined ? undefined : value(said);
}

function lengthOf(since: string): number {
  return Number(since.slice(0, -1)) * unitMs[since.at(-1) as keyof typeof unitMs];
}

function inWords(names: readonly string[]): string {
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
