import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";

/** The part of vitest's JSON report that is counted. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly { readonly status: string }[] }[];
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
  const broken = report.testResults.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.every((test) => test.status !== "failed"),
  );
  return { passed: report.numPassedTests, failed: report.numFailedTests + broken.length };
}

function read(file: string): Report | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Report) : undefined;
}

/**
 * `node infra/check/count-tests.ts [--also-failed 1] report.json …` prints one line, `N passed, N
 * failed`.
 */
if (import.meta.main) {
  const { values, positionals } = parseArgs({ options: { "also-failed": { type: "string", default: "0" } }, allowPositionals: true });
  const { passed, failed } = countTests(positionals.map(read));
  const all = failed + Number(values["also-failed"]);
  console.log(`${passed} passed, ${all} failed`);
  process.exitCode = all === 0 ? 0 : 1;
}
