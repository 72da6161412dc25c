import { migrate } from "../../../infra/migrate.ts";
import { withClient } from "../../../infra/migrate/connection.ts";
import { startEndpoint } from "../endpoint.ts";
import { probe } from "../probes/probe.ts";
import { startCell } from "../processes.ts";
import type { BenchServer } from "../server.ts";
import { loadSince } from "./load.ts";

/**
 * What one invocation of 60 seconds did; CPU of the poller in milliseconds, figures of the server
 * and bytes per 1,000 steps or per step.
 */
export interface InvocationFigures {
  readonly steps: number;
  readonly statements: number;
  readonly leases: number;
  readonly wallMs: number;
  readonly pollerCpuMs: number;
  readonly pollerMaxRssBytes: number;
  readonly serverCpuMsPer1000Steps: number;
  readonly walBytesPerStep: number;
  /** Of the machine while it ran. */
  readonly meanLoad: number;
}

/**
 * How an invocation is set up: runs in a lease, handlers at the same time, and runs that wait for
 * it.
 */
export interface InvocationTask {
  readonly batch: number;
  readonly concurrency: number;
  readonly backlog: number;
}

interface Probed {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly leases: number;
  readonly maxRssBytes: number;
}

const module = new URL("../contenders/baton-neon.ts", import.meta.url);

/**
 * How many steps one invocation of 60 seconds does through the Neon driver, in a process of its
 * own.
 */
export async function measureInvocation(server: BenchServer, { batch, concurrency, backlog }: InvocationTask): Promise<InvocationFigures> {
  const url = await server.createDatabase();
  const endpoint = await startEndpoint(server.port);
  const env = { BENCH_NEON_ENDPOINT: endpoint.url, BENCH_BATCH: `${batch}`, BENCH_CONCURRENCY: `${concurrency}` };
  try {
    await migrate({ url, roles: false });
    await enqueue(url, backlog, env);
    await withClient(url, (client) => client.query("vacuum analyze"));
    const [before, asked, load] = [await server.counters(url), await endpoint.requests(), loadSince()];
    const probed = await probe<Probed>("invocation.ts", url, env);
    const meanLoad = load.mean();
    const [after, requests] = [await server.counters(url), await endpoint.requests()];
    const steps = await stepsOf(url, backlog);
    return {
      steps,
      // All but the one that opened the connection.
      statements: requests - asked - 1,
      leases: probed.leases,
      wallMs: probed.wallMs,
      pollerCpuMs: probed.cpuMs,
      pollerMaxRssBytes: probed.maxRssBytes,
      serverCpuMsPer1000Steps: ((after.cpuSeconds - before.cpuSeconds) / steps) * 1e6,
      walBytesPerStep: (after.walBytes - before.walBytes) / steps,
      meanLoad,
    };
  } finally {
    await endpoint.stop();
    await server.dropDatabase(url);
  }
}

async function enqueue(url: string, count: number, env: Readonly<Record<string, string>>): Promise<void> {
  const producer = startCell({ module, workload: "W2", url, what: "produce", env });
  const sent = producer.answer("sent");
  producer.tell({ kind: "send", count });
  await sent;
  await producer.ended;
}

/** Steps that are stored; throws when the backlog was too small to last. */
async function stepsOf(url: string, backlog: number): Promise<number> {
  const count = "select (select count(*)::int from baton.checkpoint) as steps, (select count(*)::int from baton.ending) as ended";
  const { steps, ended } = (await withClient(url, (client) => client.query(count))).rows[0];
  if (ended === backlog) throw new Error(`the backlog of ${backlog} runs was drained before the invocation's time was up`);
  return steps;
}
