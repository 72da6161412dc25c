// `node test/bench/wide-map.ts`: a map whose items are runs, of 100 to 100,000 of them, beside the
// same items enqueued as plain runs, and the cancel of a run with as many. Prints a line for each.
// Options: sizes, such as `100 10000`.
import { migrate } from "../../infra/migrate.ts";
import { connect } from "../../shared/db/connect.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { createClient } from "../../shared/client.ts";
import { defineWorkflow } from "../../shared/index.ts";
import * as z from "zod";
import { createPoller, poll } from "../support/poller.ts";
import { type BenchServer, type ServerCounters, startBenchServer } from "./server.ts";
import { pollQueue } from "../../shared/engine/poll/poll-queue.ts";

const item = defineWorkflow({ name: "item", version: 1, input: z.object({ n: z.number() }) }).step("work", ({ input }) => input.n);
const wide = defineWorkflow({ name: "wide", version: 1, input: z.object({ size: z.number() }) }).map(
  "items",
  { over: ({ input }) => Array.from({ length: input.size }, (_, n) => ({ n })), as: "runs" },
  item,
  { collect: (sum, value) => sum + value, from: 0 },
);

/** What work costs the database for each of so many. */
async function measure(server: BenchServer, url: string, label: string, size: number, work: () => Promise<void>): Promise<void> {
  const before = await server.counters(url);
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const after = await server.counters(url);
  const each = (key: keyof ServerCounters) => (after[key] - before[key]) / size;
  console.log(
    [
      label.padEnd(28),
      `${seconds.toFixed(2).padStart(7)} s`,
      `${Math.round(size / seconds)} a second`.padStart(16),
      `${Math.round(each("walBytes"))} B of WAL`.padStart(15),
      `${each("statements").toFixed(3)} statements`.padStart(18),
      `${(each("cpuSeconds") * 1e6).toFixed(0)} µs of the server`.padStart(20),
    ].join("  "),
  );
}

const sizes = process.argv.slice(2).map(Number);
const server = await startBenchServer();
for (const size of sizes.length > 0 ? sizes : [100, 1_000, 10_000, 100_000]) {
  const url = await server.createDatabase();
  await migrate({ url, roles: false });
  const database = connect({ url, driver: "pg" });
  const client = createClient({ database, workflows: [wide, item] });
  const until = async (id: string, status: string) => {
    for (;;) {
      await pollQueue(createPoller(database, [wide, item]));
      if ((await client.get(id))!.status === status) return;
    }
  };
  await poll(database, [wide, item]);
  await measure(server, url, `${size} plain runs`, size, async () => {
    for (let n = 0; n < size; n += 1000)
      await client.enqueueMany(
        item,
        Array.from({ length: Math.min(1000, size - n) }, (_, k) => ({ input: { n: n + k } })),
      );
    await pollQueue(createPoller(database, [wide, item]));
  });
  await measure(server, url, `${size} items`, size, async () => until((await client.enqueue(wide, { size })).id, "done"));
  const { id } = await client.enqueue(wide, { size });
  await pollQueue(createPoller(database, [wide], { remainingMs: () => 300_000 }));
  await measure(server, url, `cancel of ${size} items`, size, async () => {
    await runRepository(database).cancel(id);
    for (;;) {
      await database.query("select baton.tick()");
      const [{ left } = { left: 0 }] = await database.query<{ left: number }>("select count(*)::integer as left from baton.stopping");
      if (left === 0) break;
    }
  });
  await database[Symbol.asyncDispose]();
  await server.dropDatabase(url);
}
await server.stop();
