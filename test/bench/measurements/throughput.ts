import { setTimeout as pause } from "node:timers/promises";
import { type Cell, startCell, type CellTask } from "../processes.ts";
import { withClient } from "../../../infra/migrate/connection.ts";
import type { BenchServer } from "../server.ts";
import type { Workload } from "../contender.ts";

/** One measurement of a contender: what is enqueued, and by how many processes it is drained. */
export interface Throughput {
  readonly module: URL;
  readonly workload: Workload;
  readonly runs: number;
  readonly pollers: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly execArgv?: readonly string[];
  /** Fills tables before the first run is enqueued, and looks at them after the last is done. */
  readonly before?: (url: string) => Promise<void>;
  readonly after?: (url: string) => Promise<void>;
}

/** Figures of one measurement; per run where they are not rates. */
export interface ThroughputFigures {
  readonly name: string;
  readonly version: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly enqueuedPerSecond: number;
  readonly drainedPerSecond: number;
  readonly enqueueWalBytes: number;
  readonly drainWalBytes: number;
  readonly drainStatements: number;
  readonly drainCommits: number;
  readonly serverCpuMicroseconds: number;
  readonly workerCpuMicroseconds: number;
  readonly workerMaxRssBytes: number;
}

const giveUpAfterMs = 240_000;

/**
 * Enqueues runs, then lets processes drain them; every part in a process of its own, in a database
 * of its own.
 */
export async function measureThroughput(server: BenchServer, task: Throughput): Promise<ThroughputFigures> {
  const url = await server.createDatabase();
  const cells: Cell[] = [];
  const start = (what: CellTask["what"]) => {
    const cell = startCell({ ...task, url, what });
    cells.push(cell);
    return cell;
  };
  try {
    await start("prepare").ended;
    await task.before?.(url);
    const atStart = await server.counters(url);
    const enqueueing = await enqueue(start("produce"), task.runs);
    await withClient(url, (client) => client.query("vacuum analyze"));
    const before = await server.counters(url);
    const workers = Array.from({ length: task.pollers }, () => start("work"));
    const draining = await drain(workers, url, task);
    await task.after?.(url);
    const after = await server.counters(url);
    const per = (value: number) => value / task.runs;
    return {
      name: draining.name,
      version: draining.version,
      settings: draining.settings,
      enqueuedPerSecond: task.runs / enqueueing,
      drainedPerSecond: task.runs / draining.seconds,
      enqueueWalBytes: per(before.walBytes - atStart.walBytes),
      drainWalBytes: per(after.walBytes - before.walBytes),
      drainStatements: per(after.statements - before.statements),
      drainCommits: per(after.commits - before.commits),
      serverCpuMicroseconds: per(after.cpuSeconds - before.cpuSeconds) * 1e6,
      workerCpuMicroseconds: per(draining.cpuSeconds) * 1e6,
      workerMaxRssBytes: draining.maxRssBytes,
    };
  } finally {
    for (const cell of cells) cell.kill();
    await server.dropDatabase(url);
  }
}

async function enqueue(producer: Cell, count: number): Promise<number> {
  const sent = producer.answer("sent");
  producer.tell({ kind: "send", count });
  const { seconds } = await sent;
  await producer.ended;
  return seconds;
}

/** From the first worker that works until the database has no unfinished run. */
async function drain(workers: readonly Cell[], url: string, { module, workload, runs }: Throughput) {
  const ready = await Promise.all(workers.map((worker) => worker.answer("ready")));
  const working = workers.map((worker) => worker.answer("working"));
  for (const worker of workers) worker.tell({ kind: "go" });
  const startedAt = Math.min(...(await Promise.all(working)).map((one) => one.startedAt));
  const { default: contender } = await import(module.href);
  const finishedAt = await withClient(url, async (client) => {
    for (;;) {
      await pause(5);
      const now = performance.timeOrigin + performance.now();
      if (now - startedAt > giveUpAfterMs) throw new Error(`not drained after ${giveUpAfterMs / 1000} s`);
      if (workers.reduce((sum, worker) => sum + worker.done, 0) < runs) continue;
      const { rows } = await client.query(contender.unfinishedSql(workload));
      if (Number(rows[0].unfinished) === 0) return now;
    }
  });
  const stopped = workers.map((worker) => worker.answer("stopped"));
  for (const worker of workers) worker.tell({ kind: "stop" });
  const usages = await Promise.all(stopped);
  await Promise.all(workers.map((worker) => worker.ended));
  return {
    ...ready[0]!,
    seconds: (finishedAt - startedAt) / 1000,
    cpuSeconds: usages.reduce((sum, usage) => sum + usage.cpuSeconds, 0),
    maxRssBytes: Math.max(...usages.map((usage) => usage.maxRssBytes)),
  };
}
