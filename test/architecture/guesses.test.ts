import { expect, test } from "vitest";
import { guesses, readTests } from "../../infra/check/guesses.ts";

const inTest = (text: string) => guesses([{ path: "test/a.test.ts", text }]);

test("no test of this project leaves its verdict to the speed of a machine without a reason", () => {
  expect(guesses(readTests())).toEqual([]);
});

test("all folders of tests are read, with what they use", () => {
  const folders = new Set(readTests().map(({ path }) => path.split("/")[1]));
  expect([...folders]).toEqual(expect.arrayContaining(["db", "domain", "faults", "functions", "infra", "journeys", "local", "support"]));
});

test.each([
  ["a fixed wait", "  await pause(200);\n  expect(calls).toEqual([]);"],
  ["a fixed wait by hand", "  await new Promise((resolve) => setTimeout(resolve, 50));\n  expect(calls).toEqual([]);"],
  ["the clock on the wall", "  expect(Date.now() - began).toBeLessThan(1_000);"],
  ["a clock that only goes on", "  expect(performance.now() - began).toBeGreaterThan(100);"],
  ["a time that passed", "  expect(elapsedMs).toBeLessThan(100);"],
  ["how often a fault was met", "  expect(met - first).toBeGreaterThan(28);"],
  ["how many tries it took", "  expect(tries).toBeLessThanOrEqual(5);"],
])("%s is flagged, and is not with a reason", (_what, text) => {
  expect(inTest(text)).toEqual([expect.stringMatching(/^test\/a\.test\.ts:1: /)]);
  expect(inTest(`  // no guess: the machine does not matter\n${text}`)).toEqual([]);
});

test.each([
  ["a pause between two looks", "  while (!(await done())) await pause(10);"],
  ["a pause at the end of a loop", "  for (;;) {\n    if (await done()) break;\n    await pause(10);\n  }"],
  ["bytes that have a limit", "  expect(text.length).toBeLessThan(5_000);"],
  ["an exact number of calls", "  expect(calls).toHaveLength(3);"],
])("%s is not flagged", (_what, text) => {
  expect(inTest(text)).toEqual([]);
});

test("a reason without a need is flagged, so that none outlives what it was for", () => {
  expect(inTest("  // no guess: it was once\n  expect(calls).toEqual([]);")).toEqual([
    "test/a.test.ts:1: the next line needs no reason: remove it",
  ]);
});
