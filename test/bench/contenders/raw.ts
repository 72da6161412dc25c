import pg from "pg";
import { type Contender, payload, type Payload, type Progress } from "../contender.ts";
import { withClient } from "../../../infra/migrate/connection.ts";

const batch = 1_000;
const loops = 2;
const steps = 3;

const schema = `
  create table run (id bigint generated always as identity primary key, input jsonb not null);
  create table step (run_id bigint not null, n smallint not null, output jsonb not null, primary key (run_id, n));
  create table ending (run_id bigint primary key, at timestamptz not null);
  create table queue (run_id bigint primary key, n smallint not null, leased_until timestamptz not null)
    with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
  create index on queue (leased_until, run_id);`;

const enqueue = `
  with stored as (insert into run (input) select input::jsonb from unnest($1::text[]) as t (input) returning id)
  insert into queue (run_id, n, leased_until) select id, 0, '-infinity' from stored`;

/**
 * Stores what the last batch returned, ends or queues each run again, and claims the next batch:
 * one statement.
 */
const completeAndClaim = `
  with result as (
    select * from unnest($1::bigint[], $2::smallint[], $3::text[]) as t (run_id, n, output)
  ), stored as (
    insert into step (run_id, n, output) select run_id, n, output::jsonb from result
  ), ended as (
    insert into ending (run_id, at) select run_id, now() from result where n = $4 - 1
  ), removed as (
    delete from queue where run_id = any (array(select run_id from result where n = $4 - 1))
  ), queued_again as (
    update queue q set n = q.n + 1, leased_until = '-infinity'
    where run_id = any (array(select run_id from result where n < $4 - 1))
  ), claimed as (
    update queue q set leased_until = now() + interval '30 seconds'
    where ctid = any (array(
      select ctid from queue where leased_until <= now() order by leased_until, run_id limit $5 for update skip locked))
    returning run_id, n
  )
  select c.run_id, c.n, coalesce(s.output, r.input) as state
  from claimed c
  cross join lateral (select input from run where id = c.run_id limit 1) as r
  left join lateral (select output from step where run_id = c.run_id and n = c.n - 1 limit 1) as s on true`;

interface Claimed {
  readonly run_id: string;
  readonly n: number;
  readonly state: Payload;
}

/**
 * The limit: batched SQL by hand over pg, which queues every step of a run again, and keeps each
 * output and the history.
 */
const raw: Contender = {
  name: "raw",
  version: "pg 8.23.1",
  settings: { batch, loops, enqueueAtOnce: 1_000 },
  prepare: async (url) => {
    await withClient(url, (client) => client.query(schema));
  },
  async openProducer(url) {
    const pool = new pg.Pool({ connectionString: url, max: loops });
    return {
      send: async (payloads) => void (await pool.query(enqueue, [payloads.map((one) => JSON.stringify(one))])),
      close: () => pool.end(),
    };
  },
  async startWorker(url, workload, mode, progress) {
    const pool = new pg.Pool({ connectionString: url, max: loops });
    await pool.query("select 1");
    let stopped = false;
    const over = Promise.all(
      Array.from({ length: loops }, () => loop(pool, workload === "W1" ? 1 : steps, mode === "backlog" ? 20 : 5, progress, () => stopped)),
    );
    return {
      async stop() {
        stopped = true;
        await over;
        await pool.end();
      },
    };
  },
  unfinishedSql: () => "select count(*) as unfinished from queue",
};

async function loop(pool: pg.Pool, chain: number, idleMs: number, progress: Progress, stopped: () => boolean): Promise<void> {
  let finished: { id: string; n: number; output: string }[] = [];
  while (!stopped()) {
    const values = [finished.map(({ id }) => id), finished.map(({ n }) => n), finished.map(({ output }) => output), chain, batch];
    const { rows } = await pool.query<Claimed>(completeAndClaim, values);
    if (rows.length === 0 && finished.length === 0) await new Promise((resolve) => setTimeout(resolve, idleMs));
    finished = rows.map(({ run_id: id, n, state }) => {
      if (n === 0) progress.started(state);
      if (n === chain - 1) progress.done(state);
      return { id, n, output: chain === 1 ? "null" : JSON.stringify(payload) };
    });
  }
}

export default raw;
