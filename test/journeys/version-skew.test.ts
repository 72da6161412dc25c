import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import * as z from "zod";
import { defineWorkflow } from "../../shared/index.ts";
import type { AnyWorkflow } from "../../shared/domain/workflow-types.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";

// Two deployments of one service at the same time, as while a new one replaces the old, and after a
// way back.
const Input = z.object({ n: z.int() });
const counts = new Map<string, number>();
const counted = (key: string) => void counts.set(key, (counts.get(key) ?? 0) + 1);
const ship = (version: number) => defineWorkflow({ name: "ship", version, input: Input });
const first = ship(1).step("pack", (_state, { idempotencyKey }) => counted(idempotencyKey));
const second = ship(2)
  .step("pack", (_state, { idempotencyKey }) => counted(idempotencyKey))
  .step("weigh", (_state, { idempotencyKey }) => counted(idempotencyKey));
const gift = defineWorkflow({ name: "gift", version: 1, input: Input }).step("wrap", (_state, { idempotencyKey }) =>
  counted(idempotencyKey),
);

const older: readonly AnyWorkflow[] = [first];
const newer: readonly AnyWorkflow[] = [first, second, gift];
const inputs = (count: number) => Array.from({ length: count }, (_, n) => ({ n }));

/** How many runs of each workflow are where. */
async function whereabouts(database: TestDatabase): Promise<Record<string, number>> {
  const rows = await database.query<{ what: string; runs: number }>(
    `select r.workflow || ' ' || r.version || ' ' || (baton.find_run(r.id) ->> 'status') as what, count(*)::int as runs
     from baton.run r group by 1`,
  );
  return Object.fromEntries(rows.map(({ what, runs }) => [what, runs]));
}

test("an older poller works on what it knows, sets aside what newer code enqueued, and fails none; the newer one takes it up", async () => {
  await using database = await createTestDatabase();
  for (const workflow of [first, second, gift]) await enqueue(database.database, workflow, inputs(10));
  await poll(database.connect("poller"), older);
  expect(await whereabouts(database)).toEqual({ "ship 1 done": 10, "ship 2 blocked": 10, "gift 1 blocked": 10 });
  await poll(database.connect("poller"), newer);
  expect(await whereabouts(database)).toEqual({ "ship 1 done": 10, "ship 2 done": 10, "gift 1 done": 10 });
  await database.assertInvariants();
});

test("pollers of two versions side by side end every run, and attempt each step once", async () => {
  await using database = await createTestDatabase();
  counts.clear();
  const [poller, connection] = [database.connect("poller"), database.connect("producer")];
  const producer = { enqueues: true };
  const enqueued = (async () => {
    for (let n = 0; n < 15; n++) {
      for (const workflow of [first, second, gift]) await enqueue(connection, workflow, inputs(4));
      await pause(10);
    }
    producer.enqueues = false;
  })();
  const version = async (known: readonly AnyWorkflow[]) => {
    while (producer.enqueues) await poll(poller, known, { settings: { batch: 10, lingerMs: 20 } });
  };
  await Promise.all([enqueued, version(older), version(newer)]);
  await poll(poller, newer);
  expect(await whereabouts(database)).toEqual({ "ship 1 done": 60, "ship 2 done": 60, "gift 1 done": 60 });
  expect([...counts.values()].filter((count) => count !== 1)).toEqual([]);
  expect(counts.size).toBe(60 + 2 * 60 + 60);
  await database.assertInvariants();
});

test("after a way back, older code sets aside runs that newer code has begun, and they go on where they were once it is there again", async () => {
  await using database = await createTestDatabase();
  const twoSteps = (weigh: () => Promise<string>) =>
    ship(1)
      .step("pack", () => "packed")
      .step("weigh", { retry: { backoff: "1 minute", jitter: "none" } }, weigh);
  await enqueue(database.database, first, inputs(5));
  await poll(database.connect("poller"), [twoSteps(() => Promise.reject(new Error("no scales")))]);
  expect(await whereabouts(database)).toEqual({ "ship 1 waiting": 5 });
  await database.advance("5 minutes");
  const unlike = ship(1).step("fold", () => "folded");
  await poll(database.connect("poller"), [unlike]);
  expect(await whereabouts(database)).toEqual({ "ship 1 blocked": 5 });
  await poll(database.connect("poller"), [twoSteps(() => Promise.resolve("weighed"))]);
  expect(await whereabouts(database)).toEqual({ "ship 1 done": 5 });
  expect(await database.query("select node, attempt, count(*)::int from baton.checkpoint group by 1, 2 order by 1")).toEqual([
    { node: "pack", attempt: 1, count: 5 },
    { node: "weigh", attempt: 2, count: 5 },
  ]);
  await database.assertInvariants();
});
