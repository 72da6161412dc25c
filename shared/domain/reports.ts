import type { TemplateValues } from "./query-template.ts";
import type { ReportName } from "./report-columns.ts";
import { type ReportOption, reportOptions, windowOf } from "./report-options.ts";

export type { ReportName, ReportRow } from "./report-columns.ts";

/** What a report may be asked for, beside the options that all of them have. */
const optionsOf: Readonly<Record<ReportName, readonly Option[]>> = {
  "slow-steps": ["since", "workflow", "node", "limit"],
  failures: ["since", "workflow", "node", "limit"],
  retries: ["since", "workflow", "node"],
  "backlog-age": ["workflow"],
  storage: ["since", "workflow", "limit"],
};

export const reportNames = Object.keys(optionsOf) as ReportName[];

type Option = keyof typeof reportOptions;

/** From where the rows of a report are: each run and step, or the sums of minutes. */
export type ReportSource = "runs" | "rollup";

/** The longest window of which the runs themselves are read. */
const LONGEST_OF_RUNS_MS = windowOf("7d");

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
  readonly from: ReportSource;
  readonly values: TemplateValues;
}

/**
 * Reads a name and options as texts, as they come from a command or a query string. Throws
 * `UnknownReportError`, or `InvalidReportError` with all that is wrong.
 */
export function readReportRequest(name: string, given: Readonly<Record<string, string>>): ReportRequest {
  if (!Object.hasOwn(optionsOf, name)) throw new UnknownReportError(name);
  const report = name as ReportName;
  const from = sourceOf(given["since"]);
  const issues = Object.entries(given).flatMap(([option, text]) => issuesOf(report, from, option, text));
  if (issues.length > 0) throw new InvalidReportError(report, issues);
  const values = optionsOf[report].map((option) => [option, valueOf(option, given[option])] as const);
  return { report, from, values: Object.fromEntries(values) };
}

function sourceOf(since: string | undefined): ReportSource {
  return since !== undefined && reportOptions.since.takes(since) && windowOf(since) > LONGEST_OF_RUNS_MS ? "rollup" : "runs";
}

function issuesOf(report: ReportName, from: ReportSource, option: string, text: string): OptionIssue[] {
  const known = optionsOf[report];
  const rule = known.find((one) => one === option);
  if (rule === undefined) return [{ option, message: `there is no such option; there are ${inWords(known)}` }];
  if (!reportOptions[rule].takes(text)) return [{ option, message: reportOptions[rule].rule }];
  if (rule === "node" && from === "rollup")
    return [{ option, message: "over 7d there are sums by workflow alone: leave it out, or give at most 7d" }];
  return [];
}

function valueOf(option: Option, text: string | undefined): string | number | undefined {
  const { valueOf: value, byDefault }: ReportOption = reportOptions[option];
  const said = text ?? byDefault;
  return said === undefined ? undefined : value(said);
}

function inWords(names: readonly string[]): string {
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
