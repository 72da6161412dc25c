import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { expect, test } from "vitest";
import { packedFile, Project, tool } from "./project.ts";

/** What the package may weigh: bytes of the tarball, and files in it. */
const BUDGET = { bytes: 700_000, files: 1_200 };

test("the tarball keeps its budget, and holds what is compiled, the SQL and no sources, tests or scripts", () => {
  const names = execFileSync("tar", ["-tzf", packedFile()], { encoding: "utf8" }).trim().split("\n");
  console.log(`${statSync(packedFile()).size} bytes, ${names.length} files`);
  expect(statSync(packedFile()).size).toBeLessThanOrEqual(BUDGET.bytes);
  expect(names.length).toBeLessThanOrEqual(BUDGET.files);
  const others = names.filter((name) => !/^package\/(dist\/package\/(shared|infra|sql)\/|(README\.md|LICENSE|package\.json)$)/.test(name));
  expect(others).toEqual([]);
  expect(names.filter((name) => /(?<!\.d)\.ts$|\/workflows\//.test(name))).toEqual([]);
});

test("publint finds nothing to say", () => {
  const said = execFileSync(process.execPath, [tool("publint/src/cli.js"), "run", packedFile(), "--strict"], { encoding: "utf8" });
  expect(said).toContain("All good!");
});

test("the types of every door are found by every resolution that knows ES modules", () => {
  const cli = tool("@arethetypeswrong/cli/dist/index.js");
  // It fails with an exit code.
  const said = execFileSync(process.execPath, [cli, packedFile(), "--profile", "esm-only", "--no-color", "--format", "table-flipped"], {
    encoding: "utf8",
  });
  const rows = said.split("\n").filter((line) => line.includes('"pgbaton'));
  expect(rows.length).toBeGreaterThan(3);
  expect(rows.filter((row) => !/│ 🟢[^│]*│ 🟢/u.test(row))).toEqual([]);
});

test("no name of the package can bring a stranger's: the bin is called as the package is", () => {
  const { name, bin } = JSON.parse(execFileSync("tar", ["-xzOf", packedFile(), "package/package.json"], { encoding: "utf8" })) as {
    name: string;
    bin?: Record<string, string>;
  };
  expect(Object.keys(bin ?? {})).toEqual([name]);
});

test("a plain service installs two packages beside it and none that has an install script", async () => {
  const project = new Project({});
  await project.install("zod", "pg");
  console.log(`${(project.installedBytes() / 1e6).toFixed(1)} MB installed with zod and pg`);
  const { stdout } = await project.node([
    "-e",
    "console.log(Object.values(require('./package-lock.json').packages).filter((p) => p.hasInstallScript).length)",
  ]);
  expect(stdout.trim()).toBe("0");
});
