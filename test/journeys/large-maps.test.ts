import { expect, test } from "vitest";
import * as z from "zod";
import { runRepository } from "../../shared/db/run-repository.ts";
import { defineWorkflow, NonRetryableError } from "../../shared/index.ts";
import { createTestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";

const large = "x".repeat(200_000);
const nothing = z.object({});

test("a map that collects goes on after a redrive, and after code that does not know it, though more than 8 MiB is stored of it", async () => {
  await using database = await createTestDatabase();
  let bad = true;
  const workflow = defineWorkflow({ name: "collecting", version: 1, input: nothing }).map(
    "m",
    { over: () => Array.from({ length: 60 }, (_, n) => n), concurrency: 4, collect: (sum: number) => sum + 1, from: 0 },
    (chain) =>
      chain.step("p", ({ item }) => {
        if (bad && item === 50) throw new NonRetryableError("not yet");
        return large;
      }),
  );
  const [id] = await enqueue(database.database, workflow, [{}]);
  await poll(database.database, [workflow]);
  const endings = () => database.query("select status from baton.ending");
  expect(await endings()).toEqual([{ status: "failed" }]);
  bad = false;
  await runRepository(database.database).redrive(id!);
  const [{ bytes }] = (await database.query("select bytes from baton.ready")) as [{ bytes: number }];
  expect(bytes).toBeLessThanOrEqual(4 * 1024 * 1024 + 2);
  // Code that does not have the workflow sets the run aside.
  const other = defineWorkflow({ name: "other", version: 1, input: nothing }).step("a", () => 1);
  await poll(database.database, [other]);
  expect(await database.query("select workflow from baton.blocked")).toEqual([{ workflow: "collecting" }]);
  await poll(database.database, [workflow]);
  expect(await endings()).toEqual([{ status: "done" }]);
  expect(await database.query("select output from baton.checkpoint where run_id = $1 and node = '~output'", [id])).toEqual([
    { output: 60 },
  ]);
  await database.assertInvariants();
});
