import { setTimeout } from "node:timers/promises";
import type { ListRequest } from "../../shared/domain/run-protocol.ts";
import { buildIndexes } from "../../shared/db/week-indexes.ts";
import type { QueryAsOwner, TestDatabase } from "./database.ts";

/** The first moment of a week, so many before this one, as SQL. */
const week = (before: number) => `(date_trunc('week', baton.now() at time zone 'UTC') - interval '${before} weeks') at time zone 'UTC'`;

/** SQL for ids made evenly over six days of a week, a row for each. */
const madeIds = (count: string, since: string) =>
  `(select (lpad(to_hex(floor(extract(epoch from ${since} + interval '1 minute' + n / (${count})::float8 * interval '6 days') * 1000)::bigint), 12, '0') || '7' ||
      substr(gen_random_uuid()::text, 16))::uuid as id from generate_series(0, ${count} - 1) as n) as made`;

/**
 * So many finished runs in weeks before this one (0: in this week), all with the attribute of a
 * crowd; most are done, every 500th failed, otherwise than the one that is looked for.
 */
export async function crowd(query: QueryAsOwner, count: number, weeks: readonly number[]): Promise<void> {
  await query("select baton.ensure_partitions(), baton.make_partitions(baton.now() - interval '1 week' * $1, baton.now(), false)", [
    Math.max(...weeks),
  ]);
  for (const before of weeks) {
    const each = Math.ceil(count / weeks.length);
    await query(
      `with stored as (
         insert into baton.run select id, 'frequent', 1, 2, '{}', baton.id_time(id), baton.id_time(id) from ${madeIds(String(each), week(before))} returning id, created_at
       ), attributes as (
         insert into baton.attribute select id, '{"tags":["crowd"]}' from stored
       ), numbered as (
         select id, created_at, row_number() over () % 500 = 0 as failed from stored
       ), failures as (
         insert into baton.failure select id, 'ship', 1, created_at, created_at, null, '{"name":"Error","message":"m"}' from numbered where failed
       )
       insert into baton.ending select id, case when failed then 'failed' else 'done' end,
         case when failed then '{"name":"Error","message":"m"}'::jsonb end, created_at + interval '1 minute' from numbered`,
    );
  }
}

/** The one that is looked for, the oldest of its week; it ended a moment ago. */
export async function needle(query: QueryAsOwner, before: number): Promise<string> {
  const [row] = await query<{ id: string }>(
    `with stored as (
       insert into baton.run select baton.id_at(${week(before)} ), 'rare', 7, 2, '{}', ${week(before)}, ${week(before)} returning id, created_at
     ), attributes as (
       insert into baton.attribute select id, '{"customerId":"c-1","tags":["crowd"]}' from stored
     ), failures as (
       insert into baton.failure select id, 'charge', 1, created_at, created_at, null, '{"name":"PaymentError","message":"m"}' from stored
     ), endings as (
       insert into baton.ending select id, 'failed', '{"name":"PaymentError","message":"m"}', baton.now() - interval '1 second' from stored
     )
     select id from stored`,
  );
  return row!.id;
}

/** Filters that the needle alone fits, each alone and some together with one that all fit. */
export function needleFilters(now: number, weekStart: number): Record<string, Partial<ListRequest>> {
  const iso = (ms: number) => new Date(ms).toISOString();
  const ended = { ended_after: iso(now - 5 * 60_000) };
  return {
    workflow: { workflow: "rare" },
    version: { version: 7 },
    "workflow and version": { workflow: "rare", version: 7 },
    attributes: { attributes: { customerId: "c-1" } },
    "time of creation": { created_before: iso(weekStart + 1) },
    "time of ending": ended,
    "error name": { error_name: "PaymentError" },
    "failed node": { failed_node: "charge" },
    "status and workflow": { status: "failed", workflow: "rare" },
    "status and error name": { status: "failed", error_name: "PaymentError" },
    "status and attributes": { status: "failed", attributes: { customerId: "c-1" } },
    "workflow and time of ending": { workflow: "rare", ...ended },
    "status and time of ending": { status: "failed", ...ended },
    "error name and failed node": { error_name: "PaymentError", failed_node: "charge" },
  };
}

/** Builds all indexes of closed weeks; an autovacuum that holds a table's lock puts one off. */
export async function indexWeeks({ database }: TestDatabase): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    if ((await buildIndexes(database, () => 300_000)).left === 0) return;
    await setTimeout(250);
  }
  throw new Error("Closed weeks are still without their indexes after 20 tries.");
}
