import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { migrate } from "../../../infra/migrate.ts";
import { type Cell, startCell } from "../processes.ts";
import { withClient } from "../../../infra/migrate/connection.ts";
import type { BenchServer } from "../server.ts";
import { claimBuffers, type Filled, fill } from "./fill.ts";

/**
 * W3: rates in three-step workflows per second; buffers of one claim of 500, read or found in
 * memory.
 */
export interface GrowthFigures {
  readonly drainedPerSecond: number;
  readonly claimBuffers: number;
}

const warmUp = 10_000;
/**
 * Some eight seconds: an autovacuum that comes by falls into every measurement or weighs little.
 */
const measured = 200_000;
const module = new URL("../contenders/baton-pg.ts", import.meta.url);

/**
 * The drain rate and the cost of a claim in tables that hold what is asked for, beside enough ready
 * runs to measure.
 */
export async function measureGrowth(server: BenchServer, filled: Filled): Promise<GrowthFigures> {
  const url = await server.createDatabase();
  const snapshot = filled.dead > 0 ? new pg.Client({ connectionString: url }) : undefined;
  try {
    await migrate({ url, roles: false });
    await fill(url, { ...filled, ready: Math.max(filled.ready, warmUp + measured + 30_000) }, snapshot);
    const buffers = await claimBuffers(url);
    const drainedPerSecond = await draining(url, (worker) => rateOver(worker, warmUp, measured));
    return { drainedPerSecond, claimBuffers: buffers };
  } finally {
    await snapshot?.end();
    await server.dropDatabase(url);
  }
}

/**
 * The drain rate at first, and after so many runs were drained while a snapshot from before them
 * was held open.
 */
export async function measureHeldSnapshot(server: BenchServer, drained: number): Promise<{ first: number; after: number }> {
  const url = await server.createDatabase();
  const snapshot = new pg.Client({ connectionString: url });
  try {
    await migrate({ url, roles: false });
    await fill(url, { finished: 0, ready: drained + 2 * measured, delayed: 0, leased: 0, dead: 0 });
    await snapshot.connect();
    await snapshot.query("begin isolation level repeatable read");
    await snapshot.query("select count(*) from baton.migration");
    return await draining(url, async (worker) => ({
      first: await rateOver(worker, warmUp, measured),
      after: await rateOver(worker, drained, measured),
    }));
  } finally {
    await snapshot.end();
    await server.dropDatabase(url);
  }
}

async function draining<Result>(url: string, measure: (worker: Cell) => Promise<Result>): Promise<Result> {
  const worker = startCell({ module, workload: "W2", url, what: "work" });
  try {
    await worker.answer("ready");
    worker.tell({ kind: "go" });
    return await measure(worker);
  } finally {
    worker.kill();
    await pause(200);
    await withClient(url, (client) =>
      client.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend' and state <> 'idle in transaction'",
      ),
    );
  }
}

/** Runs a second from the moment when `from` runs are done until `count` more are. */
async function rateOver(worker: Cell, from: number, count: number): Promise<number> {
  await untilDone(worker, from);
  const [startedAt, already] = [performance.now(), worker.done];
  await untilDone(worker, already + count);
  return ((worker.done - already) / (performance.now() - startedAt)) * 1000;
}

async function untilDone(worker: Cell, count: number): Promise<void> {
  const deadline = performance.now() + 240_000;
  while (worker.done < count) {
    if (performance.now() > deadline) throw new Error(`only ${worker.done} of ${count} runs were done after 240 s`);
    await pause(5);
  }
}
