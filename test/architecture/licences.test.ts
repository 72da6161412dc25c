import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../infra/build.ts";

const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
  packages: Record<string, { license?: string }>;
};

test("nothing that the project depends on, tools included, is under the GPL or the AGPL", () => {
  const licences = Object.entries(packages).map(([name, { license }]) => `${name}: ${license}`);
  expect(licences.length).toBeGreaterThan(100);
  expect(licences.filter((licence) => /GPL/.test(licence))).toEqual([]);
});
