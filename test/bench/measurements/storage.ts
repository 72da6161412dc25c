import { withClient } from "../../../infra/migrate/connection.ts";
import { startEndpoint } from "../endpoint.ts";
import type { BenchServer } from "../server.ts";
import { measureThroughput, type ThroughputFigures } from "./throughput.ts";

/**
 * Bytes of tables and their indexes for each finished three-step run, beside what its way there
 * cost.
 */
export interface StorageFigures extends ThroughputFigures {
  readonly storedBytes: number;
  /** The part of storedBytes that is indexes. */
  readonly indexBytes: number;
  /** The part of storedBytes that is checkpoints, of all three steps together. */
  readonly checkpointBytes: number;
}

interface Sizes {
  readonly total: number;
  readonly indexes: number;
  readonly checkpoints: number;
}

const module = new URL("../contenders/baton-neon.ts", import.meta.url);

/**
 * What so many finished runs, each with an input and three outputs of so many bytes, hold on disk
 * after a vacuum.
 */
export async function measureStorage(server: BenchServer, runs: number, bytes: number): Promise<StorageFigures> {
  const endpoint = await startEndpoint(server.port);
  const env = { BENCH_NEON_ENDPOINT: endpoint.url, BENCH_PAYLOAD_BYTES: `${bytes}` };
  let [empty, full]: Sizes[] = [];
  try {
    const before = async (url: string) => void (empty = await sizesOf(url));
    const after = async (url: string) => void (full = await sizesOf(url));
    const figures = await measureThroughput(server, { module, workload: "W2", runs, pollers: 1, env, before, after });
    const per = (size: keyof Sizes) => (full![size] - empty![size]) / runs;
    return { ...figures, storedBytes: per("total"), indexBytes: per("indexes"), checkpointBytes: per("checkpoints") };
  } finally {
    await endpoint.stop();
  }
}

/** Everything in schema baton; the partitions hold the rows, and their sizes add up. */
async function sizesOf(url: string): Promise<Sizes> {
  return withClient(url, async (client) => {
    await client.query("vacuum");
    const { rows } = await client.query(
      `select sum(pg_total_relation_size(oid))::float8 as total, sum(pg_indexes_size(oid))::float8 as indexes,
         coalesce(sum(pg_total_relation_size(oid)) filter (where relname like 'checkpoint%'), 0)::float8 as checkpoints
       from pg_class where relnamespace = 'baton'::regnamespace and relkind = 'r'`,
    );
    return rows[0];
  });
}
