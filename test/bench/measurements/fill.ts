import type pg from "pg";
import { withClient } from "../../../infra/migrate/connection.ts";

/** How many rows of each kind the tables hold. */
export interface Filled {
  readonly finished: number;
  readonly ready: number;
  readonly delayed: number;
  readonly leased: number;
  /** Rows of ready that were deleted while a snapshot from before was held open. */
  readonly dead: number;
}

/** Ids in order, as enqueue would have made them so many minutes ago, 10,000 a second. */
const idsOf = (minutesAgo: number) => `
  select (substr(lowest::text, 1, 14) || '7' || substr(random::text, 16))::uuid as id, n
  from (
    select baton.id_at(now() - interval '${minutesAgo} minutes' + n * interval '100 microseconds') as lowest, gen_random_uuid() as random, n
    from generate_series(1, $1::integer) as n
  ) as made`;
const input = `jsonb_build_object('text', repeat('x', 189))`;

const statements = {
  finished: [
    `insert into baton.run select id, 'three-steps', 1, 2, ${input}, now(), now() from (${idsOf(60)}) as r`,
    ...["one", "two", "three"].map(
      (node, position) =>
        `insert into baton.checkpoint select id, '${node}', ${position}, 1, now(), now(), ${input} from baton.run where $1::integer > 0`,
    ),
    "insert into baton.ending select id, 'done', null, now() from baton.run where $1::integer > 0",
  ],
  delayed: [queued(50, "now() + interval '1 day'")],
  leased: [queued(40, "now() - interval '1 hour'")],
  dead: [queued(30, "now() - interval '2 minutes'")],
  ready: [queued(20, "now() - interval '1 minute'")],
} as const;

function queued(minutesAgo: number, runAt: string): string {
  return `with stored as (
      insert into baton.run select id, 'three-steps', 1, 2, ${input}, ${runAt} + n * interval '1 microsecond', now() from (${idsOf(minutesAgo)}) as r
      returning id, start_at)
    insert into baton.ready select id, 2, start_at, 200, false from stored`;
}

/**
 * Fills the tables on the server's side, and lets its statistics and visibility maps be as they are
 * after a while.
 */
export async function fill(url: string, filled: Filled, snapshot?: pg.Client): Promise<void> {
  await withClient(url, async (client) => {
    await client.query("select baton.ensure_partitions()");
    await fillCache(client);
    const insert = async (kind: keyof typeof statements) => {
      for (const statement of filled[kind] > 0 ? statements[kind] : []) await client.query(statement, [filled[kind]]);
    };
    await insert("finished");
    await insert("delayed");
    await insert("leased");
    await lease(client, filled.leased);
    if (snapshot !== undefined) {
      await snapshot.connect();
      await snapshot.query("begin isolation level repeatable read");
      await snapshot.query("select count(*) from baton.migration");
    }
    await insert("dead");
    if (filled.dead > 0)
      await client.query(
        "with gone as (delete from baton.ready where run_at < now() - interval '90 seconds' returning run_id) delete from baton.run where id in (select run_id from gone)",
      );
    await insert("ready");
    await client.query("vacuum analyze");
    await client.query("checkpoint");
  });
}

/**
 * Other data of the size of the server's cache, in the cache: an empty one would favour empty
 * tables.
 */
async function fillCache(client: pg.Client): Promise<void> {
  await client.query("create extension pg_prewarm");
  await client.query("create table other as select n, repeat(md5(n::text), 200) as text from generate_series(1, 160000) as n");
  await client.query("alter table other alter column text set storage external");
  await client.query("select pg_prewarm('other')");
}

/** Leases of 500 that live for an hour. */
async function lease(client: pg.Client, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 500) {
    await client.query(
      `select baton.claim(gen_random_uuid(), '{"columns": true, "ttl_ms": 3600000, "max": 500, "max_bytes": 4194304, "low": {}, "manifest": []}')`,
    );
  }
}

/** Buffers that one claim of 500 touches with a fresh watermark; rolled back. */
export async function claimBuffers(url: string): Promise<number> {
  return withClient(url, async (client) => {
    const { low } = (await client.query("select baton.tick() as answer")).rows[0].answer;
    const request = JSON.stringify({ columns: true, ttl_ms: 30_000, max: 500, max_bytes: 4_194_304, low, manifest: [] });
    await client.query("begin");
    const counted: number[] = [];
    for (let i = 0; i < 2; i++) {
      const { rows } = await client.query(`explain (analyze, buffers, format json) select baton.claim(gen_random_uuid(), '${request}')`);
      const plan = rows[0]["QUERY PLAN"][0].Plan;
      counted.push(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]);
    }
    await client.query("rollback");
    return counted[1]!;
  });
}
