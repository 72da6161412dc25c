import { expect, test } from "vitest";
import * as z from "zod";
import { DatabaseRefusedError } from "../../shared/domain/database-errors.ts";
import { pollQueue } from "../../shared/engine/poll-queue.ts";
import type { PollReport } from "../../shared/engine/poll-report.ts";
import { systemClock } from "../../shared/engine/ports.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { createTestDatabase } from "../support/database.ts";
import { createPoller, enqueue } from "../support/poller.ts";
import { until } from "../support/until.ts";

test("a poller that works for minutes ticks once a minute, and tells each time", async () => {
  const db = await createTestDatabase();
  let ahead = 0;
  const minute = () => void (ahead += 61_000);
  const told: PollReport[] = [];
  // The next minute passes when the tick of the last is over.
  const minuteAfter = (ticks: number) => async () => {
    await until("it has told of its ticks", () => told.length === ticks);
    minute();
  };
  const slow = defineWorkflow({ name: "slow", version: 1, input: z.strictObject({}) })
    .step("first", minuteAfter(0))
    .step("second", minuteAfter(1))
    .step("third", minuteAfter(2));
  let ticks = 0;
  const poller = createPoller(db.database, [slow], {
    clock: { ...systemClock, now: () => systemClock.now() + ahead },
    settings: { ttlMs: 3_600_000 },
    ticked: (report) => void told.push({ ...report }),
  });
  const store = { ...poller.store, tick: () => (ticks++, poller.store.tick()) };
  await enqueue(db.database, slow, [{}]);
  const report = await pollQueue({ ...poller, store });
  expect(report.steps).toBe(3);
  expect(ticks).toBe(4);
  expect(told.map(({ oldestReadyMs }) => oldestReadyMs)).toEqual([0, 0, 0]);
  // The lease had not ended by then: nothing was counted of it yet.
  expect(told.slice(0, 2).map(({ leases }) => leases)).toEqual([0, 0]);
});

test("a tick that is refused while runs are worked is not tried with each round: the work is done, and the refusal is thrown at its end", async () => {
  const db = await createTestDatabase();
  let ahead = 0;
  const minute = () => void (ahead += 61_000);
  const slow = defineWorkflow({ name: "slow", version: 1, input: z.strictObject({}) })
    .step("first", minute)
    .step("second", minute)
    .step("third", minute);
  const poller = createPoller(db.database, [slow], {
    clock: { ...systemClock, now: () => systemClock.now() + ahead },
    settings: { ttlMs: 3_600_000 },
  });
  let ticks = 0;
  const tick = () => (ticks++ === 0 ? poller.store.tick() : Promise.reject(new DatabaseRefusedError("no right", { sqlstate: "42501" })));
  await enqueue(db.database, slow, [{}]);
  await expect(pollQueue({ ...poller, store: { ...poller.store, tick } })).rejects.toThrow("no right");
  expect(ticks).toBe(2);
  expect(await db.query("select status from baton.ending")).toEqual([{ status: "done" }]);
});
