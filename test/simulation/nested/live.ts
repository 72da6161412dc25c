import { expect } from "vitest";
import { simulate } from "./simulate.ts";
import type { Seed } from "./world.ts";

const SEEDS_OF_A_TEST = 100;
const tests = process.env["BATON_TEST_LONG"] === "1" ? 500 : 10;

/** The first seed of each test: of the first half, or of the second, which is a file of its own. */
export function firstSeeds(half: 1 | 2): number[] {
  return Array.from({ length: tests / 2 }, (_, n) => (n + (half - 1) * (tests / 2)) * SEEDS_OF_A_TEST + 1);
}

export function seedsFrom(first: number): Seed[] {
  return Array.from({ length: SEEDS_OF_A_TEST }, (_, n): Seed => ({ seed: first + n }));
}

export async function live(seeds: readonly Seed[]): Promise<void> {
  const began = performance.now();
  const { tally, wrong } = await simulate(seeds);
  const met = Object.fromEntries(tally.met);
  console.log(JSON.stringify({ seeds: seeds.length, seconds: (performance.now() - began) / 1_000, ...tally, met }));
  expect(wrong.join("\n")).toBe("");
}
