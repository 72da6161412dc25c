import { expect, test } from "vitest";
import * as z from "zod";
import { runRepository } from "../../shared/db/run-repository.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { createTestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";

test("the context of a handler may be taken apart and copied: each part is that of its attempt", async () => {
  await using database = await createTestDatabase();
  const workflow = defineWorkflow({ name: "parts", version: 1, input: z.null() }).step("look", (_, context) => {
    const { runId, attempt, idempotencyKey, signal, setAttributes } = context;
    setAttributes({ looked: true });
    const copy = { ...context };
    return { runId, attempt, idempotencyKey, aborted: signal.aborted, isSame: copy.signal === signal, keys: Object.keys(copy).sort() };
  });
  const [id] = await enqueue(database.database, workflow, [null]);
  await poll(database.database, [workflow]);
  const run = (await runRepository(database.database).findRun(id!))!;
  expect(run.attributes).toEqual({ looked: true });
  expect(run.checkpoints[0]!.output).toEqual({
    runId: id,
    attempt: 1,
    idempotencyKey: `${id}/look`,
    aborted: false,
    isSame: true,
    keys: ["attempt", "idempotencyKey", "logger", "runId", "setAttributes", "signal"],
  });
});
