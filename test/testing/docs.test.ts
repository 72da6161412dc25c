import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { ROOT } from "../../infra/root.ts";

// The examples of the page are tests themselves: importing them here has them run.
const page = readFileSync(join(ROOT, "docs/testing.md"), "utf8");
const examples = [...page.matchAll(/^```ts\n\/\/ (\S+\.ts)\n(.*?)^```$/gms)].map(([, path = "", code = ""]) => ({
  name: basename(path),
  code,
}));
mkdirSync(join(ROOT, "test/reports"), { recursive: true });
const folder = mkdtempSync(join(ROOT, "test/reports/testing-"));
const before = process.env["TEST_DATABASE_URL"];

beforeAll(() => void (process.env["TEST_DATABASE_URL"] = inject("testServer").adminUrl));
afterAll(() => {
  rmSync(folder, { recursive: true });
  if (before === undefined) delete process.env["TEST_DATABASE_URL"];
});

for (const { name, code } of examples) writeFileSync(join(folder, name), code);
for (const { name } of examples) if (name.endsWith(".test.ts")) await import(pathToFileURL(join(folder, name)).href);

test("the page has two tests", () => {
  expect(examples.map(({ name }) => name)).toEqual(["onboarding.ts", "onboarding.test.ts", "dates.test.ts"]);
});
