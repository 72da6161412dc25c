import type { QueryAsOwner } from "./database.ts";

/** The sums of a minute and workflow, as `baton.rollup` has them. */
export interface Sums {
  readonly minute: Date;
  readonly workflow: string;
  readonly enqueued: number;
  readonly done: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly steps: number;
  readonly failures: number;
}

const SUMS = ["enqueued", "done", "failed", "cancelled", "steps", "failures"].map((name) => `sum(${name})::int as ${name}`).join();

/** What `baton.rollup` has, or with what was stored since: `baton.count_minutes('-infinity')`. */
export function sumsIn(query: QueryAsOwner, source: "baton.rollup" | "baton.count_minutes('-infinity')"): Promise<Sums[]> {
  return query<Sums & Record<string, unknown>>(`select minute, workflow, ${SUMS} from ${source} group by 1, 2 order by 1, 2`);
}

/**
 * The same from the tables of the state, by what it means: a row of each counts in the minute of
 * its time, but for sleeps. An ending that a redrive took back is told by whoever saw it.
 */
export function recount(query: QueryAsOwner, takenBack: readonly { run_id: string; at: Date }[] = []): Promise<Sums[]> {
  const facts = ["enqueued", "done", "failed", "cancelled", "steps", "failures"];
  return query<Sums & Record<string, unknown>>(
    `select date_trunc('minute', at, 'UTC') as minute, workflow, ${facts.map((what) => `count(*) filter (where what = '${what}')::int as ${what}`).join()}
     from (
       select id as run_id, created_at as at, 'enqueued' as what from baton.run
       union all select run_id, at, status from baton.ending
       union all select run_id, at, 'failed' from jsonb_to_recordset($1) as t (run_id uuid, at timestamptz)
       union all select run_id, finished_at, 'failures' from baton.failure
       union all select run_id, case when node = 'cool-off' then started_at else finished_at end, case when node = 'cool-off' then 'sleep' else 'steps' end
         from baton.checkpoint where attempt > 0 and node !~ '~'
     ) as fact join baton.run r on r.id = fact.run_id
     group by 1, 2 order by 1, 2`,
    [JSON.stringify(takenBack)],
  );
}
