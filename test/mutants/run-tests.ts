import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/** What became of one test: its title, and its messages when it failed. */
export interface Ran {
  readonly file: string;
  readonly title: string;
  readonly failed: boolean;
  readonly messages: string;
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly title: string; readonly status: string; readonly failureMessages: readonly string[] }[];
  }[];
}

/**
 * Runs the tests of these files whose titles contain one of these, and tells of each that ran;
 * none, when the files cannot be loaded.
 */
export function runTests(folder: string, files: readonly string[], titles: readonly string[]): Ran[] {
  const report = join(folder, "mutants.json");
  rmSync(report, { force: true });
  const pattern = titles.map((title) => title.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)).join("|");
  const command = ["node_modules/vitest/vitest.mjs", "run", ...files.map((file) => `test/${file}`), "-t", pattern];
  spawnSync(process.execPath, [...command, "--reporter=json", `--outputFile.json=${report}`], {
    cwd: folder,
    stdio: "ignore",
    timeout: 600_000,
  });
  if (!existsSync(report)) return [];
  const { testResults } = JSON.parse(readFileSync(report, "utf8")) as Report;
  return testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === "passed" || status === "failed")
      .map(({ title, status, failureMessages }) => {
        return { file: name.replaceAll("\\", "/"), title, failed: status === "failed", messages: failureMessages.join("\n") };
      }),
  );
}
