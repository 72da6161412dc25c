import type { QueryAsOwner } from "./database.ts";

/** Zones whose clocks change in a year by the same amounts at the same moments. */
export interface ZoneRule {
  /** One of them, the first by its name. */
  readonly zone: string;
  /** How many names have this rule. */
  readonly names: number;
  readonly changes: readonly Date[];
}

// Looks at each zone every second day, and between two that differ at each quarter of an hour.
const RULES = `
  with seen as (
    select name, at, timezone(name, at) - timezone('UTC', at) as ahead
    from pg_timezone_names, generate_series($1::timestamptz, $1::timestamptz + interval '8784 hours', interval '48 hours') as at),
  apart as (
    select name, at, first from (
      select *, lag(ahead) over w as before, first_value(ahead) over w as first from seen window w as (partition by name order by at)) as pair
    where ahead <> before),
  close as (
    select name, first, quarter as at, timezone(name, quarter) - timezone('UTC', quarter) as ahead
    from apart, generate_series(at - interval '48 hours', at, interval '15 minutes') as quarter),
  change as (
    select name, first, at, ahead from (select *, lag(ahead) over (partition by name order by at) as before from close) as pair
    where ahead <> before),
  ruled as (
    select name, array_agg(at order by at) as changes, array_agg(ahead order by at) || min(first) as amounts from change group by name)
  select min(name collate "C") as zone, count(*)::integer as names, changes from ruled group by changes, amounts order by 1`;

/** Every rule of a year by which clocks change, as this server's own zones have it. */
export const rulesOf = (query: QueryAsOwner, year: number): Promise<ZoneRule[]> =>
  query<ZoneRule & Record<string, unknown>>(RULES, [new Date(Date.UTC(year, 0, 1))]);
