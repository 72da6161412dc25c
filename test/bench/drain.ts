// How fast one poller drains three-step workflows, and what a step costs: `npm run bench:drain`.
// Prints one line of JSON for each driver: runs/s, steps/s, and per step statements, round trips, commits and WAL bytes.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadavg } from "node:os";
import pg from "pg";
import * as z from "zod";
import { startPostgres } from "../../infra/local/embedded-postgres.ts";
import { startNeonEndpoint } from "../../infra/local/neon-endpoint.ts";
import { migrate } from "../../infra/migrate.ts";
import { connect, type Driver } from "../../shared/db/connect.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { enqueue, poll } from "../support/poller.ts";

const runs = Number(process.env["BATON_BENCH_RUNS"] ?? 20_000);
const batch = Number(process.env["BATON_BENCH_BATCH"] ?? 500);

const Payload = z.object({ text: z.string() });
const output = { text: "x".repeat(185) };
const threeSteps = defineWorkflow({ name: "three-steps", version: 1, input: Payload })
  .step("one", { output: Payload }, () => output)
  .step("two", { output: Payload }, () => output)
  .step("three", { output: Payload }, () => output);

interface Counters {
  readonly wal: number;
  readonly commits: number;
}

async function counters(client: pg.Client): Promise<Counters> {
  const { rows } = await client.query(`select (pg_current_wal_insert_lsn() - '0/0')::bigint::text as wal,
    (select xact_commit::text from pg_stat_database where datname = current_database()) as commits, pg_stat_clear_snapshot()`);
  return { wal: Number(rows[0].wal), commits: Number(rows[0].commits) };
}

async function drain(
  driver: Driver,
  url: string,
  endpoint: Awaited<ReturnType<typeof startNeonEndpoint>>,
): Promise<Record<string, unknown>> {
  const database = connect({ url, driver, neonEndpoint: endpoint.url });
  let calls = 0;
  const counted = {
    ...database,
    query: ((...call: Parameters<typeof database.query>) => (calls++, database.query(...call))) as typeof database.query,
  };
  for (let n = 0; n < runs; n += 1000)
    await enqueue(
      database,
      threeSteps,
      Array.from({ length: 1000 }, () => output),
    );
  const client = new pg.Client(url);
  await client.connect();
  await client.query("vacuum analyze");
  const before = await counters(client);
  const requests = endpoint.stats.requests;
  const startedAt = performance.now();
  await poll(counted, [threeSteps], { settings: { batch, concurrency: batch } });
  const seconds = (performance.now() - startedAt) / 1000;
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const after = await counters(client);
  const { rows } = await client.query("select count(*)::int as n from baton.ending where status = 'done'");
  await client.query("truncate baton.run, baton.checkpoint, baton.ending, baton.ready");
  await client.end();
  await database[Symbol.asyncDispose]();
  const steps = runs * 3;
  const per = (value: number) => Number((value / steps).toFixed(4));
  return {
    driver,
    done: rows[0].n,
    batch,
    runsPerSecond: Math.round(runs / seconds),
    stepsPerSecond: Math.round(steps / seconds),
    statementsPerStep: per(calls),
    roundTripsPerStep: per(driver === "neon" ? endpoint.stats.requests - requests : calls),
    commitsPerStep: per(after.commits - before.commits),
    walBytesPerStep: Math.round((after.wal - before.wal) / steps),
    load: loadavg()[0],
  };
}

const folder = mkdtempSync(join(tmpdir(), "baton-bench-"));
const postgres = await startPostgres({
  dataDir: join(folder, "data"),
  fsync: true,
  settings: { shared_buffers: "512MB", max_wal_size: "8GB", checkpoint_timeout: "30min" },
});
const endpoint = await startNeonEndpoint({ postgres: { host: "127.0.0.1", port: postgres.port } });
try {
  await migrate({ url: postgres.url, roles: false });
  for (const driver of ["pg", "neon", "pg", "neon"] as const) console.log(JSON.stringify(await drain(driver, postgres.url, endpoint)));
} finally {
  await endpoint.close();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}
