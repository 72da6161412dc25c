import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, expect, test } from "vitest";
import { startPostgres } from "../../infra/local/embedded-postgres.ts";
import { withClient } from "../../infra/migrate/connection.ts";
import { migrate } from "../../infra/migrate.ts";
import { connect } from "../../shared/db/connect.ts";
import { createClock } from "../support/clock.ts";
import { chosenPostgres, uniqueName, withDatabase } from "../support/cluster.ts";
import { assertInvariants } from "../support/invariants.ts";
import { liveTenLives } from "../support/ten-lives.ts";

const START = new Date("2027-10-30T22:00:00Z");
const folder = mkdtempSync(join(tmpdir(), "baton-servers-"));
const dataDir = join(folder, "postgres");
let used = dataDir;
afterAll(() => [folder, used, `${used}.password`, `${used}.log`].forEach((path) => rmSync(path, { recursive: true, force: true })));

/** Three hundred runs in a new database of a server that was started with some settings. */
async function livesOn(settings: Record<string, string | number>): Promise<Record<string, unknown>> {
  const server = await startPostgres({ dataDir, fsync: false, settings, ...chosenPostgres() });
  used = server.dataDir;
  try {
    const name = uniqueName("server");
    await withClient(server.url, (client) => client.query(`create database ${name}`));
    const url = withDatabase(server.url, name);
    await migrate({ url, roles: true });
    await using database = connect({ url, driver: "pg" });
    const owner = new pg.Client({ connectionString: url });
    // The server may stop before the last word of the session is read.
    owner.on("error", () => undefined);
    await owner.connect();
    const query = async <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => (await owner.query<Row>(text, values)).rows;
    for (const [setting, value] of Object.entries(settings))
      expect(await query(`select ${pg.escapeLiteral(setting)} as setting, current_setting($1) as value`, [setting])).toEqual([
        { setting, value: String(value) },
      ]);
    await query("create table public.effect (run text)");
    const lives = await liveTenLives(database, createClock(query), START, 30);
    await assertInvariants(query);
    await owner.end();
    return lives;
  } finally {
    await server.stop();
  }
}

const ordinary = await livesOn({});

test.each<[string, Record<string, string | number>]>([
  ["autovacuum off and no statistics of activity", { autovacuum: "off", track_counts: "off", track_activities: "off" }],
  ["the fewest locks", { max_connections: 10, max_locks_per_transaction: 10 }],
  ["the least memory", { shared_buffers: "1MB", work_mem: "64kB", wal_buffers: "32kB", temp_buffers: "800kB", max_stack_depth: "100kB" }],
  ["no workers and the least in its log", { max_worker_processes: 0, max_parallel_workers: 0, wal_level: "minimal", max_wal_senders: 0 }],
])("on a server with %s three hundred runs live as without", async (_, settings) => {
  expect(await livesOn(settings)).toEqual(ordinary);
});
