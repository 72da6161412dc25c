import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";

/** The part of vitest's JSON report that is read. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly FileResult[];
}

interface FileResult {
  readonly name: string;
  readonly status: string;
  /** Why the file could not be loaded. */
  readonly message: string;
  readonly assertionResults: readonly TestResult[];
}

interface TestResult {
  readonly status: string;
  readonly fullName: string;
  readonly failureMessages?: readonly string[] | null;
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/**
 * Adds reports up. A file that failed without a failed test, because it could not be loaded, is one
 * failure; so is a missing report.
 */
export function countTests(reports: readonly (Report | undefined)[]): Counts {
  return reports.map(countsOf).reduce((sum, { passed, failed }) => ({ passed: sum.passed + passed, failed: sum.failed + failed }), {
    passed: 0,
    failed: 0,
  });
}

function countsOf(report: Report | undefined): Counts {
  if (report === undefined) return { passed: 0, failed: 1 };
  return { passed: report.numPassedTests, failed: report.numFailedTests + report.testResults.filter(isBroken).length };
}

/** Failed without a failed test. */
function isBroken({ status, assertionResults }: FileResult): boolean {
  return status === "failed" && assertionResults.every((test) => test.status !== "failed");
}

/** What failed, with file, title and reason, for the end of a long log. */
export function listFailures(reports: readonly (Report | undefined)[]): string[] {
  return reports.flatMap((report) => report?.testResults ?? ([] as readonly FileResult[])).flatMap(failuresOf);
}

function failuresOf(file: FileResult): string[] {
  if (isBroken(file)) return [`${file.name}: ${file.message}`];
  const failed = file.assertionResults.filter(({ status }) => status === "failed");
  return failed.map(({ fullName, failureMessages }) => `${file.name}: ${fullName}\n${(failureMessages ?? []).join("\n")}`);
}

function read(file: string): Report | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Report) : undefined;
}

/**
 * `node infra/check/count-tests.ts [--also-failed 1] report.json …` prints what failed, and as its
 * last line `N passed, N failed`.
 */
if (import.meta.main) {
  const { values, positionals } = parseArgs({ options: { "also-failed": { type: "string", default: "0" } }, allowPositionals: true });
  const reports = positionals.map(read);
  for (const failure of listFailures(reports)) console.log(`FAILED ${failure}\n`);
  const { passed, failed } = countTests(reports);
  const all = failed + Number(values["also-failed"]);
  console.log(`${passed} passed, ${all} failed`);
  process.exitCode = all === 0 ? 0 : 1;
}
