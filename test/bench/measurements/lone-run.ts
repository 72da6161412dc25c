import { migrate } from "../../../infra/migrate.ts";
import { apiKeyHash } from "../../support/http-event.ts";
import { startEndpoint } from "../endpoint.ts";
import { probe } from "../probes/probe.ts";
import type { BenchServer } from "../server.ts";
import { median } from "./statistics.ts";

/**
 * Medians of invocations, in milliseconds; requests of the database, CPU and WAL of the server for
 * each run from enqueue to done.
 */
export interface LoneRunFigures {
  readonly pollerMs: number;
  readonly pollerCpuMs: number;
  readonly enqueueMs: number;
  readonly enqueueCpuMs: number;
  readonly lookMs: number;
  readonly lookCpuMs: number;
  readonly requestsPerRun: number;
  readonly serverCpuMicroseconds: number;
  readonly walBytes: number;
}

interface Timed {
  readonly wallMs: number;
  readonly cpuMs: number;
}

const warmUp = 50;
const runs = 550;

/**
 * What a run costs that comes alone, and a look of the schedule at an idle database; everything
 * warm, through the Neon driver.
 */
export async function measureLoneRun(server: BenchServer): Promise<LoneRunFigures> {
  const url = await server.createDatabase();
  const endpoint = await startEndpoint(server.port);
  const env = {
    DATABASE_URL: url,
    BATON_DRIVER: "neon",
    BATON_NEON_ENDPOINT: endpoint.url,
    BATON_API_KEY_HASHES: apiKeyHash,
    POWERTOOLS_LOG_LEVEL: "SILENT",
  };
  try {
    await migrate({ url, roles: false });
    const measure = (...counts: readonly [runs: number, looks: number, posts: number]) =>
      probe<Record<"lone" | "look" | "post", Timed[]>>("lone-run.ts", url, { ...env, BENCH_COUNTS: JSON.stringify(counts) });
    const [before, asked] = [await server.counters(url), await endpoint.requests()];
    const { lone } = await measure(runs, 0, 0);
    const [after, requests] = [await server.counters(url), await endpoint.requests()];
    const { look } = await measure(0, runs, 0);
    const { post } = await measure(0, 0, runs);
    const of = (timed: readonly Timed[], figure: keyof Timed) => median(timed.slice(warmUp).map((one) => one[figure]));
    return {
      pollerMs: of(lone, "wallMs"),
      pollerCpuMs: of(lone, "cpuMs"),
      enqueueMs: of(post, "wallMs"),
      enqueueCpuMs: of(post, "cpuMs"),
      lookMs: of(look, "wallMs"),
      lookCpuMs: of(look, "cpuMs"),
      requestsPerRun: (requests - asked) / runs,
      serverCpuMicroseconds: ((after.cpuSeconds - before.cpuSeconds) / runs) * 1e6,
      walBytes: (after.walBytes - before.walBytes) / runs,
    };
  } finally {
    await endpoint.stop();
    await server.dropDatabase(url);
  }
}
