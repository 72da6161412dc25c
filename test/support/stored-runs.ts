import { v7 } from "uuid";
import type { Json } from "../../shared/domain/json.ts";
import type { RunStatus } from "../../shared/domain/run-protocol.ts";
import type { QueryAsOwner } from "./database.ts";

/** A row of a run, as something at its path was stored. Times are seconds after now. */
export interface StoredRow {
  readonly node: string;
  readonly position: number;
  /** Default 1; 0: without a handler. */
  readonly attempt?: number;
  /** Default: some 100 seconds ago, one after the other. */
  readonly from?: number;
  /** Default: 10 milliseconds later. */
  readonly to?: number;
  readonly output?: Json;
  /** Its output is when it ends, as that of a sleep. */
  readonly sleeps?: boolean;
}

/** A failed attempt. */
export interface StoredFailure {
  readonly node: string;
  /** Default 1. */
  readonly attempt?: number;
  /** Seconds after now; null: it is not tried again. */
  readonly retryIn: number | null;
}

/** What is stored of a run, as if a poller had. */
export interface StoredRun {
  readonly status: Exclude<RunStatus, "blocked">;
  readonly rows?: readonly StoredRow[];
  readonly failures?: readonly StoredFailure[];
  /** When a waiting run goes on, in seconds after now. */
  readonly runIn?: number;
  /** What a redrive forgave, by path. */
  readonly forgiven?: Readonly<Record<string, number>>;
}

/** Writes a run with all its rows; gives its id. */
export async function storeRun(query: QueryAsOwner, run: StoredRun): Promise<string> {
  const id = v7();
  const { rows = [], failures = [], status, forgiven } = run;
  await query("select baton.make_partitions(now() - interval '1 day', now() + interval '1 day', false)");
  await query(
    "insert into baton.run (id, workflow, version, priority, input, start_at, created_at) select $1, 'nested', 1, 2, '{}', at, at from (select baton.now() - interval '200 seconds' as at) as t",
    [id],
  );
  await query(
    `insert into baton.checkpoint (run_id, node, position, attempt, started_at, finished_at, output)
     select $1, node, position, coalesce(attempt, 1), began, ended, case when sleeps
         then jsonb_build_object('until', to_char(ended at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) else coalesce(output, 'null') end
     from rows from (jsonb_to_recordset($2) as (node text, position smallint, attempt smallint, "from" float8, "to" float8, output jsonb, sleeps boolean)) with ordinality
       as r (node, position, attempt, "from", "to", output, sleeps, nth),
       lateral (select baton.now() + coalesce("from", nth * 0.01 - 100) * interval '1 second' as began) as b,
       lateral (select coalesce(baton.now() + "to" * interval '1 second', began + interval '10 ms') as ended) as e`,
    [id, JSON.stringify(rows)],
  );
  await query(
    `insert into baton.failure (run_id, node, attempt, started_at, finished_at, retry_at, error)
     select $1, node, coalesce(attempt, 1), baton.now() - interval '60 seconds', baton.now() - interval '59 seconds', baton.now() + "retryIn" * interval '1 second',
       '{"name": "Error", "message": "it broke"}'
     from jsonb_to_recordset($2) as r (node text, attempt smallint, "retryIn" float8)`,
    [id, JSON.stringify(failures)],
  );
  if (forgiven !== undefined) await query("insert into baton.redrive (run_id, at, forgiven) values ($1, baton.now(), $2)", [id, forgiven]);
  await place(query, id, status, run.runIn ?? 60);
  return id;
}

async function place(query: QueryAsOwner, id: string, status: StoredRun["status"], runIn: number): Promise<void> {
  if (status === "running")
    await query(
      `insert into baton.lease (token, round, expires_at, claimed_at, crashes, gone, fresh_round, fresh, run_ids)
       values (gen_random_uuid(), 1, baton.now() + interval '1 hour', baton.now(), 0, B'0', 0, B'0', array[$1::uuid])`,
      [id],
    );
  else if (status === "ready" || status === "waiting")
    await query(
      "insert into baton.ready (run_id, band, run_at, bytes, begun) values ($1, 2, baton.now() + $2 * interval '1 second', 100, true)",
      [id, status === "ready" ? 0 : runIn],
    );
  else
    await query("insert into baton.ending (run_id, status, error, at) values ($1, $2, $3, baton.now())", [
      id,
      status,
      status === "failed" ? '{"name": "Error", "message": "it broke"}' : null,
    ]);
}
