import { expect, test } from "vitest";
import * as z from "zod";
import { runRepository } from "../../shared/db/run-repository.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { createTestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";

test("an output that is stored already counts as no failed attempt: its run goes on with what is stored, its neighbour does not notice", async () => {
  await using database = await createTestDatabase();
  const workflow = defineWorkflow({ name: "twice", version: 1, input: z.object({ n: z.int() }) })
    .step("first", async ({ input }, { runId }) => {
      // A second writer, which must not be and is a bug somewhere.
      if (input.n === 0) {
        await database.query("insert into baton.checkpoint values ($1, 'first', 0, 1, baton.now(), baton.now(), '\"of another\"')", [
          runId,
        ]);
      }
      return "mine";
    })
    .step("second", ({ first }) => first);
  const [shared, neighbour] = await enqueue(database.database, workflow, [{ n: 0 }, { n: 1 }]);
  await poll(database.connect("poller"), [workflow]);
  await poll(database.connect("poller"), [workflow]);
  const { findRun } = runRepository(database.connect("reader"));
  expect(await findRun(shared!)).toMatchObject({
    status: "done",
    failures: [],
    crashes: 0,
    checkpoints: [{ output: "of another" }, { output: "of another", attempt: 1 }],
  });
  expect(await findRun(neighbour!)).toMatchObject({ status: "done", failures: [], checkpoints: [{ output: "mine" }, { output: "mine" }] });
});

test("an output of a sql node that is stored already counts as no failed attempt, and its statements do nothing", async () => {
  await using database = await createTestDatabase();
  await database.query("create table service.effect (n integer); grant insert on service.effect to baton_poller");
  const workflow = defineWorkflow({ name: "twice-sql", version: 1, input: z.object({ n: z.int() }) }).sql(
    "write",
    async (_state, { runId }) => {
      await database.query("insert into baton.checkpoint values ($1, 'write', 0, 1, baton.now(), baton.now(), '0')", [runId]);
      return { statements: [{ text: "insert into service.effect values (1)" }] };
    },
  );
  const [id] = await enqueue(database.database, workflow, [{ n: 0 }]);
  await poll(database.connect("poller"), [workflow]);
  await poll(database.connect("poller"), [workflow]);
  expect(await runRepository(database.connect("reader")).findRun(id!)).toMatchObject({ status: "done", failures: [] });
  expect(await database.query("select from service.effect")).toEqual([]);
});
