import { beforeEach, expect, test } from "vitest";
import * as z from "zod";
import { createClient } from "../../shared/client.ts";
import { readHint } from "../../shared/domain/wake-hint.ts";
import { type IdleGate, pollBehindGate } from "../../shared/engine/poll/idle-gate.ts";
import { QueueNudges } from "../../shared/engine/poll/queue-nudges.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { createOperator } from "../../shared/operator.ts";
import { createTestDatabase } from "../support/database.ts";
import { checkAfterEach } from "../support/engine-calls.ts";
import { createPoller } from "../support/poller.ts";

const database = await createTestDatabase();
checkAfterEach(database);
const input = z.object({});
const MINUTE = 60_000;
const film = defineWorkflow({ name: "film", version: 1, input })
  .step("probe", () => 1)
  .step("render", { on: "heavy" }, () => 2)
  .step("publish", () => 3);
const renders = defineWorkflow({ name: "renders", version: 1, input, on: "heavy" }).step("render", () => 2);

let now: number;
let boards: Map<string, string>;
/** The function of a queue, which remembers nothing from one invocation to the next. */
const gateOf = (queue: string): IdleGate => ({
  board: { read: async () => boards.get(queue) ?? null, write: async (text) => void boards.set(queue, text) },
  now: () => now,
  knows: "code",
});
/** Whom a call has reached; a lost one reaches nobody. */
let lost = false;
const invoke = (queue: string, nudged: boolean): Promise<{ readonly rested: boolean; readonly leases: number }> => {
  const others = new QueueNudges(async (other) => void (lost || (await invoke(other, true))));
  return pollBehindGate(createPoller(database.database, [film, renders], { queue, others }), gateOf(queue), nudged);
};
const rests = async () => [(await invoke("default", false)).rested, (await invoke("heavy", false)).rested];
const statusOf = async (id: string) => (await createOperator({ database: database.database }).get(id))!.status;

beforeEach(async () => {
  [now, boards, lost] = [1_000 * MINUTE, new Map(), false];
  // Each closes its own gate.
  expect(await rests()).toEqual([false, false]);
  now += MINUTE;
  expect(await rests()).toEqual([true, true]);
});

const enqueue = async (workflow: typeof film | typeof renders, wakes: boolean) => {
  const client = createClient({
    database: database.database,
    ...(wakes && { nudge: async (_n, queue) => void (await invoke(queue!, true)) }),
  });
  return (await client.enqueue(workflow as typeof film, {})).id;
};

test("a run that is due on one queue keeps the other's pollers asleep", async () => {
  await enqueue(renders, false);
  boards.delete("heavy");
  now += MINUTE;
  expect((await invoke("default", false)).rested).toBe(true);
  expect(await invoke("heavy", false)).toMatchObject({ rested: false, leases: 1 });
  await enqueue(film, false);
  now += MINUTE;
  expect((await invoke("heavy", false)).rested).toBe(true);
});

test("a park opens the gate of the other queue, and the run goes to its end without a schedule", async () => {
  const id = await enqueue(film, true);
  expect(await statusOf(id)).toBe("done");
  expect(["default", "heavy"].map((queue) => readHint(boards.get(queue)!)!.wakeAt)).toEqual([now, now]);
});

test("a run whose nudge was lost is found by the next tick of another queue's poller, though its own gate is closed", async () => {
  lost = true;
  const id = await enqueue(film, true);
  lost = false;
  now += MINUTE;
  await database.advance("1 minute");
  expect(await invoke("heavy", false)).toMatchObject({ rested: true });
  expect(await invoke("default", false)).toMatchObject({ rested: false });
  expect(await statusOf(id)).toBe("done");
});
