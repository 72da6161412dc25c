import { expect, test } from "vitest";
import * as z from "zod";
import { runRepository } from "../../shared/db/run-repository.ts";
import type { Json } from "../../shared/domain/json.ts";
import { defineWorkflow, NonRetryableError } from "../../shared/index.ts";
import { createOperator } from "../../shared/operator.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";

const Input = z.object({ n: z.int() });
const once = { retry: { maxAttempts: 1 } } as const;
const quickly = { retry: { maxAttempts: 3, backoff: "1 millisecond" } } as const;

function refuse(): never {
  throw new NonRetryableError("no");
}

/** What was undone, in order. */
function notebook() {
  const notes: string[] = [];
  const undo =
    (name: string) =>
    (output: Json): void =>
      void notes.push(`${name} ${JSON.stringify(output)}`);
  return { notes, undo };
}

const viewOf = async ({ database }: TestDatabase, id: string) => (await createOperator({ database }).get(id))!;

test("a run that fails for good is undone in reverse order of completion, and then it has failed", async () => {
  await using database = await createTestDatabase();
  const { notes, undo } = notebook();
  const workflow = defineWorkflow({ name: "saga", version: 1, input: Input })
    .step("reserve", { undo: undo("reserve") }, () => "r-1")
    .step("plain", () => 1)
    .step("charge", { undo: undo("charge") }, () => ({ chargeId: "c-1" }))
    .step("ship", { ...once, undo: undo("ship") }, () => refuse())
    .step("tell", { undo: undo("tell") }, () => 1);
  const [id] = await enqueue(database.database, workflow, [{ n: 1 }]);
  await poll(database.database, [workflow]);
  expect(notes).toEqual(['charge {"chargeId":"c-1"}', 'reserve "r-1"']);
  const run = await viewOf(database, id!);
  expect(run).toMatchObject({
    status: "failed",
    error: { message: "no" },
    undo: { status: "complete", because: "failed", steps: [{ path: "charge", status: "done" }, { path: "reserve", status: "done" }] },
  });
  expect(run.steps.map(({ path, status }) => [path, status])).toEqual([
    ["reserve", "done"],
    ["plain", "done"],
    ["charge", "done"],
    ["ship", "failed"],
  ]);
  await database.assertInvariants();
  await expect(createOperator({ database: database.database }).redrive(id!)).rejects.toThrow("what it had done was undone");
});
