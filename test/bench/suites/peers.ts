import { measureEnqueueing } from "../measurements/enqueueing.ts";
import { measureLatency } from "../measurements/latency.ts";
import { measureThroughput } from "../measurements/throughput.ts";
import type { Measurement } from "../suite.ts";
import { contender } from "./baton.ts";

const peer = (name: string) => new URL(`../peers/${name}.ts`, import.meta.url);

/**
 * Who takes part, and how many runs each gets: about five seconds of work, or as many as the fast
 * ones.
 */
const contenders = [
  { name: "baton-1000", module: contender("baton-1000"), W1: 150_000, W2: 150_000 },
  { name: "raw", module: contender("raw"), W1: 150_000, W2: 150_000 },
  { name: "pg-boss", module: peer("pg-boss"), W1: 100_000, W2: 40_000 },
  { name: "graphile-worker", module: peer("graphile-worker"), W1: 100_000, W2: 4_000 },
  { name: "dbos", module: peer("dbos"), W1: 6_000, W2: 2_000 },
  { name: "openworkflow", module: peer("openworkflow"), W1: 3_000, W2: 2_000 },
  { name: "workflow-devkit", module: peer("workflow-devkit"), W1: 200, W2: 150 },
] as const;

const throughput = (["W1", "W2"] as const).flatMap((workload) =>
  contenders.map((one): Measurement => ({
    id: `${workload}/${one.name}`,
    title: `${workload}, ${one.name}`,
    shown: "drainedPerSecond",
    run: (server) => measureThroughput(server, { module: one.module, workload, runs: one[workload], pollers: 1 }),
  })),
);

const bulk = [
  ["baton-pg", contender("baton-pg")],
  ["graphile-worker", peer("graphile-worker")],
  ["pg-boss", peer("pg-boss")],
  ["plain", contender("plain")],
] as const;
const enqueueing = bulk.map(([name, module]): Measurement => ({
  id: `enqueue/${name}`,
  title: `enqueue, ${name}`,
  shown: "enqueuedPerSecond",
  run: (server) => measureEnqueueing(server, module, 200_000),
}));

const low = [
  ["baton-neon", contender("baton-neon")],
  ["baton-pg", contender("baton-pg")],
  ...["graphile-worker", "pg-boss", "dbos", "openworkflow"].map((name) => [name, peer(name)] as const),
] as const;
const latency = low.map(([name, module]): Measurement => ({
  id: `W4/${name}`,
  title: `W4, ${name}, 1 run/s`,
  shown: "doneP50",
  rounds: 1,
  run: (server) => measureLatency(server, module, 40, 1_000),
}));

/** Everything that `npm run bench:peers` measures: Baton beside its rivals. */
export const peerSuite: readonly Measurement[] = [...throughput, ...enqueueing, ...latency];
