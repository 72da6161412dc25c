import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { countTests, listFailures } from "../../infra/check/count-tests.ts";

const script = fileURLToPath(new URL("../../infra/check/count-tests.ts", import.meta.url));
const report = (passed: number, failed: number, files: readonly (readonly string[])[] = []) => ({
  numPassedTests: passed,
  numFailedTests: failed,
  testResults: files.map((tests) => ({
    name: "a.test.ts",
    status: "failed",
    message: "cannot be loaded",
    assertionResults: tests.map(result),
  })),
});
const result = (status: string) => ({ status, fullName: `it ${status}`, failureMessages: status === "failed" ? ["1 is not 2"] : [] });

let folder = "";
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "baton-count-"))));
afterAll(() => rm(folder, { recursive: true, force: true }));

it("the reports of several suites are added up", () => {
  expect(countTests([report(10, 0), report(5, 2, [["passed", "failed"], ["failed"]])])).toEqual({ passed: 15, failed: 2 });
});

it("a file that could not be loaded, and a report that was never written, are failures", () => {
  expect(countTests([report(10, 0, [[]]), undefined])).toEqual({ passed: 10, failed: 2 });
});

it("each failure is named with its file and its reason", () => {
  expect(listFailures([report(5, 1, [["passed", "failed"], []]), undefined])).toEqual([
    "a.test.ts: it failed\n1 is not 2",
    "a.test.ts: cannot be loaded",
  ]);
});

it.each([
  [[], "15 passed, 0 failed", 0],
  [["--also-failed", "1"], "15 passed, 1 failed", 1],
  [["missing.json"], "15 passed, 1 failed", 1],
])("the line after %j is %j, with the exit code that belongs to it", async (more, line, code) => {
  await writeFile(join(folder, "a.json"), JSON.stringify(report(10, 0)));
  await writeFile(join(folder, "b.json"), JSON.stringify(report(5, 0)));
  const ended = await new Promise<{ code: unknown; out: string }>((resolve) => {
    execFile(process.execPath, [script, "a.json", "b.json", ...more], { cwd: folder }, (error, out) =>
      resolve({ code: error?.code ?? 0, out }),
    );
  });
  expect(ended).toEqual({ code, out: `${line}\n` });
});
