import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

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
