import { expect, test } from "vitest";
import * as z from "zod";
import { defineWorkflow } from "../../shared/index.ts";
import { createTestDatabase } from "../support/database.ts";
import { seededRandom } from "../support/random.ts";
import { VirtualDay } from "./virtual-day.ts";

const MINUTES = 100;
const quick = defineWorkflow({ name: "quick", version: 1, input: z.object({}) }).step("only", () => 1);
const sleeper = defineWorkflow({ name: "sleeper", version: 1, input: z.object({}) })
  .step("first", () => 1)
  .sleep("pause", "4 minutes")
  .step("last", () => 2);

/** Fails now and then, three times in a row at most, before a call is carried out or after. */
function faulty(random: () => number) {
  let inARow = 0;
  return () => {
    if (random() < 0.2 && ++inARow <= 3) throw new Error("SSM is away");
    inARow = 0;
  };
}

test.each(Array.from({ length: 6 }, () => seededRandom()))(
  "nothing that is due waits behind the gate, whatever SSM, nudges and processes do (BATON_SEED=$seed)",
  async ({ random }) => {
    await using database = await createTestDatabase();
    const day = await VirtualDay.begin(database, [quick, sleeper], {
      processes: 3,
      next: () => Math.floor(random() * 3),
      board: faulty(random),
      dies: () => random() < 0.1,
      delay: () => (random() < 0.3 ? random() * 20_000 : 0),
    });
    const runs: string[] = [];
    for (let minute = 0; minute < MINUTES; minute++) {
      // Not within a second of a tick: a process that dies while it trusts what it saw a second ago is left to the hourly look.
      await day.runTo(minute + 0.05 + random() * 0.9);
      if (minute < MINUTES - 40 && random() < 0.25) {
        const delay = random() < 0.4 ? (`${1 + Math.floor(random() * 900)} seconds` as const) : undefined;
        const options = delay === undefined ? {} : { delay };
        runs.push((await day.act(() => day.client.enqueue(random() < 0.3 ? sleeper : quick, {}, options))).id);
      }
      const late = await database.query(
        `select from baton.ready where run_at < baton.now() - interval '65 seconds'
         union all select from baton.lease where expires_at < baton.now() - interval '65 seconds'`,
      );
      expect(late).toEqual([]);
    }
    for (const id of runs) expect(["done", "failed"]).toContain((await day.client.get(id))?.status);
    await database.assertInvariants();
  },
);
