import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../infra/build.ts";
import { type FunctionFile, isOfBaton, readSqlFiles } from "../../infra/migrate/sql-files.ts";
import { metricNames } from "../support/metric-names.ts";
import { projectFolder } from "../support/project-folder.ts";

const TARBALL = join(import.meta.dirname, "baton-0.1.0.tgz");
const tar = (...options: string[]) => execFileSync("tar", [...options, "-f", TARBALL], { encoding: "utf8", maxBuffer: 2 ** 26 });
const files = tar("-tz")
  .split("\n")
  .filter((path) => path !== "" && !path.endsWith("/"));

test("the older version weighs at most 300 KB", () => {
  expect(statSync(TARBALL).size).toBeLessThanOrEqual(300_000);
});

test("it is a package of npm's that has what migrates and what polls, and nothing else", () => {
  const parts = new Set(files.map((path) => /^package\/(?:(\w+)\/|.*)/.exec(path)?.[1] ?? path));
  expect([...parts].toSorted()).toEqual(["functions", "infra", "package/LICENSE", "package/package.json", "shared", "sql"]);
  expect(JSON.parse(tar("-xzO", "package/package.json"))).toMatchObject({ name: "baton", version: "0.1.0" });
});

test("nothing in it names a folder of a machine or the host of a registry", () => {
  const text = tar("-xzO");
  expect(text).toContain("export function defineWorkflow");
  expect(text.match(/(?<![\w.}])\/(home|root|Users|work|tmp|opt|mnt|srv|var)\/.*|\bregistry\.[\w.-]+\.\w+.*|\bnpmjs\b.*/g) ?? []).toEqual(
    [],
  );
});

const folder = projectFolder();
tar("-xz", "-C", folder);
const [older, newer] = [join(folder, "package"), ROOT];
const sqlOf = (root: string) => readSqlFiles(join(root, "sql"), []);

test("its newest migration is what docs/upgrading.md says", () => {
  const newest = sqlOf(older).migrations.findLast(({ name }) => isOfBaton(name))!.name;
  expect(readFileSync(join(ROOT, "docs/upgrading.md"), "utf8")).toMatch(new RegExp(`^\\| .* 0\\.1\\.0.* \\| \`${newest}\` `, "m"));
});

test("every migration of it is there, and unchanged", () => {
  const now = new Map(sqlOf(newer).migrations.map(({ name, checksum }) => [name, checksum]));
  expect(
    sqlOf(older)
      .migrations.filter(({ name, checksum }) => now.get(name) !== checksum)
      .map(({ name }) => name),
  ).toEqual([]);
});

test("every function that a group might execute, it still may", () => {
  const granted = (functions: readonly FunctionFile[]) =>
    functions.flatMap(({ name, grantedTo }) => grantedTo.filter((group) => group !== "baton_engine").map((group) => `${group}: ${name}`));
  const now = new Set(granted(sqlOf(newer).functions));
  expect(granted(sqlOf(older).functions).filter((grant) => !now.has(grant))).toEqual([]);
});

test("every metric of it is still written", () => {
  const named = (root: string) => Object.values(metricNames(readFileSync(join(root, "shared/lambda/metrics.ts"), "utf8"))).flat();
  expect(named(older).filter((name) => !named(newer).includes(name))).toEqual([]);
});

test.each(["shared/index.ts", "shared/client.ts"])("every value that %s exported, it still exports", async (door) => {
  const exported = async (root: string) => Object.keys((await import(join(root, door))) as object);
  const now = await exported(newer);
  expect((await exported(older)).filter((name) => !now.includes(name))).toEqual([]);
});
