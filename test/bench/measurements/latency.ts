import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../../journeys/service-copy.ts";
import { startEndpoint } from "../endpoint.ts";
import { type Latency, startCell } from "../processes.ts";
import type { BenchServer } from "../server.ts";
import { median } from "./statistics.ts";

/** W4; milliseconds from the producer's call, but for the call itself. */
export interface LatencyFigures {
  readonly runs: number;
  readonly startP50: number;
  readonly doneP50: number;
  readonly doneP90: number;
  readonly doneMax: number;
  readonly enqueueCallP50: number;
  readonly statementsPerRun: number;
  readonly idleStatementsPerSecond: number;
}

const warmUp = 5;
const idleSeconds = 10;

/**
 * W4: three-step runs at a low rate, from a producer process to a warm worker process; through Neon
 * the endpoint is a third.
 */
export async function measureLatency(server: BenchServer, module: URL, runs: number, everyMs: number): Promise<LatencyFigures> {
  const url = await server.createDatabase();
  const endpoint = await startEndpoint(server.port);
  const env = { BENCH_NEON_ENDPOINT: endpoint.url, BENCH_INVOKE_PORT: String(await freePort()) };
  const task = { module, workload: "W2", url, mode: "low-load", env } as const;
  const statements = async () => (await server.counters(url)).statements;
  try {
    await startCell({ ...task, what: "prepare" }).ended;
    const worker = startCell({ ...task, what: "work" });
    await worker.answer("ready");
    const working = worker.answer("working");
    worker.tell({ kind: "go" });
    await working;
    const before = await statements();
    const producer = startCell({ ...task, what: "produce" });
    const sent = producer.answer("sent");
    producer.tell({ kind: "send", count: runs + warmUp, everyMs });
    const { calls } = await sent;
    await pause(1_000);
    const after = await statements();
    await pause(idleSeconds * 1_000);
    const idle = (await statements()) - after;
    const stopped = worker.answer("stopped");
    worker.tell({ kind: "stop" });
    const { latencies } = await stopped;
    await Promise.all([producer.ended, worker.ended]);
    return figures(latencies.slice(warmUp), calls.slice(warmUp), (after - before) / (runs + warmUp), idle / idleSeconds);
  } finally {
    await endpoint.stop();
    await server.dropDatabase(url);
  }
}

function figures(latencies: readonly Latency[], calls: readonly number[], statementsPerRun: number, idle: number): LatencyFigures {
  const done = latencies.map((one) => one.done).toSorted((a, b) => a - b);
  return {
    runs: latencies.length,
    startP50: median(latencies.map((one) => one.start)),
    doneP50: median(done),
    doneP90: done[Math.floor(done.length * 0.9)]!,
    doneMax: done.at(-1)!,
    enqueueCallP50: median(calls),
    statementsPerRun,
    idleStatementsPerSecond: idle,
  };
}
