import { migrate } from "../../../infra/migrate.ts";
import { probe } from "../probes/probe.ts";
import { withClient } from "../../../infra/migrate/connection.ts";
import type { BenchServer } from "../server.ts";
import { median } from "./statistics.ts";

/** Medians over a hundred steps, in milliseconds; WAL with its commit, in bytes. */
export interface LongRunFigures {
  readonly firstStepMs: number;
  readonly lastStepMs: number;
  readonly walBytesPerStep: number;
}

/** W5: what the first and the last hundred of 1,000 steps of one run take. */
export async function measureLongRun(server: BenchServer): Promise<LongRunFigures> {
  const url = await server.createDatabase();
  try {
    await migrate({ url, roles: false });
    const before = await server.counters(url);
    const { stepMs } = await probe<{ stepMs: number[] }>("long-run.ts", url);
    const after = await server.counters(url);
    const [{ n }] = (await withClient(url, (client) => client.query("select count(*)::int as n from baton.checkpoint"))).rows;
    return {
      firstStepMs: median(stepMs.slice(0, 100)),
      lastStepMs: median(stepMs.slice(-100)),
      walBytesPerStep: (after.walBytes - before.walBytes) / n,
    };
  } finally {
    await server.dropDatabase(url);
  }
}
