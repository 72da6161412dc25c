import { afterAll, expect, test } from "vitest";
import * as z from "zod";
import { defineWorkflow } from "../../shared/index.ts";
import { createTestDatabase } from "../support/database.ts";
import { bytesOf, measuredCalls, namesOf } from "../support/measured-calls.ts";
import { enqueue } from "../support/poller.ts";

const BATCH = 100;
const database = await createTestDatabase();
const { during, poll, end } = await measuredCalls(database);
const measured: string[] = [];
afterAll(async () => {
  await end();
  console.log(measured.join("\n"));
});

const anything = z.object({});
const pay = defineWorkflow({ name: "pay", version: 1, input: anything }).step("charge", () => 1);
const order = defineWorkflow({ name: "order", version: 1, input: anything }).child("payment", pay, () => ({}));
const survey = defineWorkflow({ name: "survey", version: 1, input: anything }).child("ask", { detach: true }, pay, () => ({}));

/** Runs with a child each, from the first claim to the end of all. */
async function lifeOf(parent: typeof order | typeof survey, runs: number) {
  const inputs = Array.from({ length: runs }, () => ({}));
  await enqueue(database.database, parent, inputs);
  const calls = await during(() => poll([parent, pay], { settings: { batch: BATCH } }));
  expect(await database.query("select from baton.ready")).toEqual([]);
  return calls;
}

test.each([
  // The parent, its child, and the parent again.
  ["awaits takes three rounds", order, 3],
  ["does not await takes two rounds", survey, 2],
] as const)("a run with a child that it %s, its child's too, and a claim for each at most", async (_, parent, rounds) => {
  const names = namesOf(await lifeOf(parent, 1));
  expect(names.filter((name) => name === "advance")).toHaveLength(rounds);
  // A poll begins with a tick, and ends with a claim that finds nothing.
  expect(names.length).toBeLessThanOrEqual(1 + 2 * rounds + 1);
  expect(new Set(names)).toEqual(new Set(["tick", "claim", "advance"]));
});

test("a run whose child is not over takes no statement while it waits", async () => {
  const slow = defineWorkflow({ name: "slow", version: 1, input: anything }).sleep("night", "8 hours");
  const waits = defineWorkflow({ name: "waits", version: 1, input: anything }).child("night", slow, () => ({}));
  await enqueue(database.database, waits, [{}]);
  await poll([waits, slow]);
  expect(namesOf(await during(() => poll([waits, slow])))).toEqual(["tick", "claim"]);
  await database.query("delete from baton.ready");
});

test.each([
  ["awaits", order, 3_400],
  ["does not await", survey, 1_850],
] as const)(
  "of 100 runs with a child that each %s, one costs at most so many bytes of WAL, its child's too",
  async (name, parent, most) => {
    const lives: number[] = [];
    for (let i = 0; i < 3; i++) lives.push(bytesOf(await lifeOf(parent, BATCH)) / BATCH);
    // A checkpoint makes the first change of each page dear, so the cheapest of three counts.
    const bytes = Math.round(Math.min(...lives));
    measured.push(`WAL bytes of a run with a child that it ${name}, from the first claim to the end of both: ${bytes}`);
    expect(bytes).toBeLessThanOrEqual(most);
  },
);
