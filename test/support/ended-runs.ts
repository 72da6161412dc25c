import type { QueryAsOwner } from "./database.ts";

/** Runs that ended in the week of now, and what is beside them. */
export interface EndedRuns {
  readonly runs: number;
  /** Every so-manieth failed; default: none. */
  readonly failedEach?: number;
  readonly workflow?: string;
  /** Counted in milliseconds from the beginning of the week, for more than one filling. */
  readonly from?: number;
}

const FILL = `
  with made as (
    select n, baton.id_at(date_trunc('week', baton.now()) + (n + $4) * interval '1 millisecond') as id, n % $2 = 0 as failed, baton.now() as at
    from generate_series(1, $1::integer) as n
  ), run as (
    insert into baton.run (id, workflow, version, priority, input, start_at, created_at)
    select id, $3, 1, 2, jsonb_build_object('n', n), at, at from made
  ), checkpoint as (
    insert into baton.checkpoint select id, 'charge', 0, 1, at, at, '{"chargeId": "c-1"}' from made where not failed
  ), failure as (
    insert into baton.failure select id, 'charge', 1, at, at, null, '{"name": "Error", "message": "it broke"}' from made where failed
  ), attribute as (
    insert into baton.attribute select id, '{"customerId": "c-1"}' from made where n % 10 = 0
  )
  insert into baton.ending select id, case when failed then 'failed' else 'done' end, null, at from made`;

/** Stores them as the owner, in one statement. */
export async function endRuns(
  query: QueryAsOwner,
  { runs, failedEach = 2_147_483_647, workflow = "fulfil-order", from = 0 }: EndedRuns,
): Promise<void> {
  await query(FILL, [runs, failedEach, workflow, from]);
}
