import { expect, test } from "vitest";
import * as z from "zod";
import { defineWorkflow } from "../../shared/index.ts";
import { createTestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";
import { ticketKeys } from "../support/tickets.ts";

const MINUTE = 60_000;
const order = defineWorkflow({ name: "order", version: 1, input: z.object({}) });
const tickets = { keys: async () => ticketKeys, publicUrl: "https://orders.example.com" };
const retry = { maxAttempts: 1 } as const;

test.each([
  ["an approval", order.approval("sign-off", { choices: ["approve", "reject"], timeout: "3 days", ask: () => undefined }), "done"],
  ["a callback", order.callback("encode", { output: z.int(), timeout: "6 hours", retry }, () => undefined), "failed"],
  ["a wait for a signal", order.waitFor("paid", { output: z.int(), timeout: "9 days", onTimeout: "fail" }), "failed"],
])("%s that is overdue, since nothing has moved its run, is what OldestReadyAge tells of", async (_what, workflow, ending) => {
  await using database = await createTestDatabase();
  const work = () => poll(database.database, [workflow], { tickets });
  const [id] = await enqueue(database.database, workflow, [{}]);
  await work();
  const [row] = await database.query<{ deadline: Date }>("select run_at as deadline from baton.ready where run_id = $1", [id]);
  const deadline = row!.deadline.getTime();
  await database.setNow(new Date(deadline - MINUTE));
  expect((await work()).oldestReadyMs).toBe(0);
  await database.setNow(new Date(deadline + 10 * MINUTE));
  // The last poll of all that were missed: its tick looks before it claims.
  expect((await work()).oldestReadyMs).toBe(10 * MINUTE);
  expect(await database.query("select status from baton.ending where run_id = $1", [id])).toEqual([{ status: ending }]);
  expect((await work()).oldestReadyMs).toBe(0);
});
