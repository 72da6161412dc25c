import pg from "pg";
import { expect, test } from "vitest";
import { migrate } from "../../infra/migrate.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { newIdOf } from "../support/new-ids.ts";

const RUNS = 5_000;

/** A failure for each of some new runs, with a message such as drivers write, of 67 to 73 bytes. */
const fail = `insert into baton.failure (run_id, node, attempt, started_at, finished_at, error)
  select ${newIdOf("n")}, 'charge', 1, now(), now(), jsonb_build_object('name', 'Error',
    'message', format('connect ECONNREFUSED 10.0.%s.%s:5432 while charging order o-%s', n / 250, n % 250, n * 7919))
  from generate_series(1, ${RUNS}) as n`;

/** WAL bytes a failure, with what its index takes in later. */
async function walOf(session: pg.Client): Promise<number> {
  const { rows } = await session.query(`explain (analyze, wal, timing off, format json) ${fail}`);
  return (rows[0]["QUERY PLAN"][0].Plan["WAL Bytes"] as number) / RUNS;
}

async function measure(database: TestDatabase, search: boolean): Promise<number> {
  await database.query("select baton.ensure_partitions()");
  if (search) await migrate({ url: database.ownerUrl, roles: true, search });
  const session = new pg.Client({ connectionString: database.ownerUrl });
  await session.connect();
  try {
    return await walOf(session);
  } finally {
    await session.end();
  }
}

test("with search a failure costs at most 1,400 bytes of WAL more, and its index at most 1,200 bytes of disk", async () => {
  await using without = await createTestDatabase();
  await using database = await createTestDatabase();
  const [plain, indexed] = [await measure(without, false), await measure(database, true)];
  // What waits in the index's list is taken in, and the size is that of what is kept.
  await database.query("vacuum baton.failure");
  const [row] = await database.query<{ bytes: number }>(
    `select sum(pg_relation_size(i.indexrelid))::int as bytes from pg_index i
     join pg_inherits h on h.inhrelid = i.indexrelid where h.inhparent = 'baton.failure_search'::regclass`,
  );
  const kept = row!.bytes / RUNS;
  console.log(`a failure: ${Math.round(plain)} bytes of WAL, with search ${Math.round(indexed)}; ${Math.round(kept)} bytes of index`);
  expect(indexed - plain).toBeGreaterThan(0);
  expect(indexed - plain).toBeLessThanOrEqual(1_400);
  expect(kept).toBeLessThanOrEqual(1_200);
});
