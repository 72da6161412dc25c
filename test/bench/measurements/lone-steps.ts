import { migrate } from "../../../infra/migrate.ts";
import type { Driver } from "../../../shared/db/connect.ts";
import type { Shape } from "../baton/lone-workflows.ts";
import { startEndpoint } from "../endpoint.ts";
import { startLateRelay } from "../late-relay.ts";
import { probe } from "../probes/probe.ts";
import type { BenchServer } from "../server.ts";
import { median, quantile } from "./statistics.ts";

/** A run of so many steps, items or passes. */
export interface LoneTask {
  readonly shape: Shape;
  readonly size: number;
}

/** So many runs of each, in turn. */
export interface LoneTasks {
  readonly tasks: readonly LoneTask[];
  readonly runs: number;
}

/** From the call that enqueued a run to its end, and when each of its steps began. */
export interface LoneRun {
  readonly wallMs: number;
  readonly begunMs: readonly number[];
}

/** What the probe prints: the runs of each task. */
export interface LoneProbe {
  readonly roundTripMs: number;
  readonly measured: readonly (readonly LoneRun[])[];
}

interface Distance {
  readonly driver: Driver;
  /** Of a round trip, beside what loopback takes; how much it really was, roundTripMs says. */
  readonly addedMs: number;
}

const alone: readonly LoneTask[] = [
  { shape: "chain", size: 1_000 },
  { shape: "chain", size: 3_000 },
  { shape: "script", size: 3_000 },
];

/** W8: one run alone; the steps of a chain, and those of a script. */
export async function measureLoneSteps(server: BenchServer, distance: Distance): Promise<Record<string, number>> {
  const { roundTripMs, measured } = await probeTasks(server, distance, { tasks: alone, runs: 1 });
  const figures = alone.flatMap(({ shape, size }, n) => {
    const [run] = measured[n]!;
    const gaps = run!.begunMs.slice(1).map((at, step) => at - run!.begunMs[step]!);
    return [
      [`${shape}${size}PerSecond`, size / (run!.wallMs / 1_000)],
      [`${shape}${size}P50`, median(gaps)],
      [`${shape}${size}P95`, quantile(gaps, 0.95)],
    ] as const;
  });
  return { ...Object.fromEntries(figures), roundTripMs };
}

/** W9: what an item or a pass of one run costs, of few and of many. */
export async function measureLoneSizes(server: BenchServer, shape: Shape, sizes: readonly number[]): Promise<Record<string, number>> {
  const tasks = sizes.map((size) => ({ shape, size }));
  const { measured } = await probeTasks(server, { driver: "pg", addedMs: 0 }, { tasks, runs: 5 });
  const rates = sizes.map((size, n) => [`${size}PerSecond`, size / (median(measured[n]!.map(({ wallMs }) => wallMs)) / 1_000)] as const);
  return Object.fromEntries(rates);
}

async function probeTasks(server: BenchServer, { driver, addedMs }: Distance, tasks: LoneTasks): Promise<LoneProbe> {
  const url = await server.createDatabase();
  const endpoint = driver === "neon" ? await startEndpoint(server.port) : undefined;
  const relay = addedMs > 0 ? await startLateRelay(Number(new URL(endpoint?.url ?? url).port), addedMs) : undefined;
  const away = (to: string) => relay?.urlOf(to) ?? to;
  try {
    await migrate({ url, roles: false });
    const to = endpoint === undefined ? {} : { BENCH_NEON_ENDPOINT: away(endpoint.url) };
    const env = { BENCH_DRIVER: driver, BENCH_TASKS: JSON.stringify(tasks), ...to };
    return await probe<LoneProbe>("lone-steps.ts", endpoint === undefined ? away(url) : url, env);
  } finally {
    await relay?.stop();
    await endpoint?.stop();
    await server.dropDatabase(url);
  }
}
