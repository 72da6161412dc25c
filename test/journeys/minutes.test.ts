import { expect, test } from "vitest";
import * as z from "zod";
import { DatabaseRefusedError } from "../../shared/domain/database-errors.ts";
import { pollQueue } from "../../shared/engine/poll/poll-queue.ts";
import type { PollReport } from "../../shared/engine/poll/poll-report.ts";
import type { Poller } from "../../shared/engine/poll/poller.ts";
import { systemClock } from "../../shared/engine/ports.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { createTestDatabase } from "../support/database.ts";
import { createPoller, enqueue } from "../support/poller.ts";
import { until } from "../support/until.ts";

/** A run of three steps, and a poller whose clock is a minute further when a step passes one. */
async function threeMinutes(step: (pass: () => void, n: number) => void | Promise<void>, ticked?: Poller["ticked"]) {
  const db = await createTestDatabase();
  let ahead = 0;
  const pass = () => void (ahead += 61_000);
  const slow = defineWorkflow({ name: "slow", version: 1, input: z.strictObject({}) })
    .step("first", () => step(pass, 0))
    .step("second", () => step(pass, 1))
    .step("third", () => step(pass, 2));
  const poller = createPoller(db.database, [slow], {
    clock: { ...systemClock, now: () => systemClock.now() + ahead },
    settings: { ttlMs: 3_600_000 },
    ...(ticked && { ticked }),
  });
  await enqueue(db.database, slow, [{}]);
  return { db, poller };
}

test("a poller that works for minutes ticks once a minute, and tells each time", async () => {
  const told: PollReport[] = [];
  // The next minute passes when the tick of the last is over.
  const afterTicks = async (pass: () => void, ticks: number) => {
    await until("it has told of its ticks", () => told.length === ticks);
    pass();
  };
  const { poller } = await threeMinutes(afterTicks, (report) => void told.push({ ...report }));
  let ticks = 0;
  const store = { ...poller.store, tick: () => (ticks++, poller.store.tick()) };
  const report = await pollQueue({ ...poller, store });
  expect(report.steps).toBe(3);
  expect(ticks).toBe(4);
  expect(told.map(({ oldestReadyMs }) => oldestReadyMs)).toEqual([0, 0, 0]);
  // The lease had not ended by then: nothing was counted of it yet.
  expect(told.slice(0, 2).map(({ leases }) => leases)).toEqual([0, 0]);
});

test("a tick that is refused while runs are worked is not tried with each round: the work is done, and the refusal is thrown at its end", async () => {
  const { db, poller } = await threeMinutes((pass) => pass());
  let ticks = 0;
  const tick = () => (ticks++ === 0 ? poller.store.tick() : Promise.reject(new DatabaseRefusedError("no right", { sqlstate: "42501" })));
  await expect(pollQueue({ ...poller, store: { ...poller.store, tick } })).rejects.toThrow("no right");
  expect(ticks).toBe(2);
  expect(await db.query("select status from baton.ending")).toEqual([{ status: "done" }]);
});
