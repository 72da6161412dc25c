import { startCell } from "../processes.ts";
import type { BenchServer } from "../server.ts";

/** Per run where they are not rates. */
export interface EnqueueFigures {
  readonly enqueuedPerSecond: number;
  readonly walBytes: number;
  readonly serverCpuMicroseconds: number;
  readonly producerCpuMicroseconds: number;
}

/** How fast one producer process stores runs of W1, 1,000 a call, two calls at a time. */
export async function measureEnqueueing(
  server: BenchServer,
  module: URL,
  runs: number,
  env: Readonly<Record<string, string>> = {},
): Promise<EnqueueFigures> {
  const url = await server.createDatabase();
  const task = { module, workload: "W1", url, env } as const;
  try {
    await startCell({ ...task, what: "prepare" }).ended;
    const before = await server.counters(url);
    const producer = startCell({ ...task, what: "produce" });
    const sent = producer.answer("sent");
    producer.tell({ kind: "send", count: runs });
    const { seconds, cpuSeconds } = await sent;
    await producer.ended;
    const after = await server.counters(url);
    return {
      enqueuedPerSecond: runs / seconds,
      walBytes: (after.walBytes - before.walBytes) / runs,
      serverCpuMicroseconds: ((after.cpuSeconds - before.cpuSeconds) / runs) * 1e6,
      producerCpuMicroseconds: (cpuSeconds / runs) * 1e6,
    };
  } finally {
    await server.dropDatabase(url);
  }
}
