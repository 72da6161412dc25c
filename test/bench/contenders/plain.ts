import { randomBytes } from "node:crypto";
import pg from "pg";
import { v7 } from "uuid";
import type { Contender } from "../contender.ts";
import { withClient } from "../../../infra/migrate/connection.ts";

/**
 * Baton's tables of a run and of its place, with their keys and indexes, and nothing else: no
 * partitions, no functions.
 */
const schema = `
  create table run (id uuid primary key, workflow text not null, version integer not null, priority smallint not null,
    input jsonb not null, start_at timestamptz not null, created_at timestamptz not null);
  create table ready (run_id uuid primary key, band smallint not null, run_at timestamptz not null, bytes integer not null, begun boolean not null);
  create index on ready (band, run_at);`;

const insert = `
  with stored as (
    insert into run (id, workflow, version, priority, input, start_at, created_at)
    select id, 'single', 1, 2, input::jsonb, now(), now() from unnest($1::uuid[], $2::text[]) as t (id, input))
  insert into ready (run_id, band, run_at, bytes, begun)
  select id, 2, now() + n * interval '1 microsecond', length(input), false
  from unnest($1::uuid[], $2::text[]) with ordinality as t (id, input, n)`;

/** The limit of an enqueue: two multi-row inserts in one statement. Nothing drains it. */
const plain: Contender = {
  name: "two plain inserts",
  version: "pg 8.23.1",
  settings: { enqueueAtOnce: 1_000 },
  prepare: async (url) => {
    await withClient(url, (client) => client.query(schema));
  },
  async openProducer(url) {
    const pool = new pg.Pool({ connectionString: url, max: 2 });
    return {
      send: async (payloads) => {
        const random = randomBytes(payloads.length * 16);
        const ids = payloads.map((_, n) => v7({ random: random.subarray(n * 16, n * 16 + 16) }));
        await pool.query(insert, [ids, payloads.map((one) => JSON.stringify(one))]);
      },
      close: () => pool.end(),
    };
  },
  startWorker: () => Promise.reject(new Error("two plain inserts have no worker")),
  unfinishedSql: () => "select count(*) as unfinished from ready",
};

export default plain;
