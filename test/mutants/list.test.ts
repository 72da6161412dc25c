import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { MUTANTS } from "./list.ts";
import { staleness } from "./stale.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

test("every mutant can still be tried: its text stands once in its file, and its test has its title", () => {
  expect(MUTANTS.flatMap((mutant) => staleness(ROOT, mutant) ?? [])).toEqual([]);
});

test("no two mutants have one name", () => {
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
});
