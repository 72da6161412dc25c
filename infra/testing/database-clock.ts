/** How the engine's sessions of a test are called. */
const ENGINE = "pgbaton-test-engine";

/**
 * The clock of a test's database: it stands, in whole milliseconds. That of the engine's sessions
 * stands at the end of the same millisecond, because runs that are stored together are due a
 * microsecond after one another: they are to be due when the test says, whoever has stored them.
 */
export const CLOCK_SQL = `
  create schema pgbaton_test;
  create table pgbaton_test.clock as select null::timestamptz as now;
  grant usage on schema pgbaton_test to public;
  grant select on pgbaton_test.clock to public;
  create or replace function baton.now() returns timestamptz language sql volatile as $$
    select coalesce(now, clock_timestamp())
      + case current_setting('application_name') when '${ENGINE}' then '999 microseconds' else '0' end::interval
    from pgbaton_test.clock
  $$;
  -- So that not every test makes those of the present.
  select baton.ensure_partitions();
`;

export const SET_CLOCK = "update pgbaton_test.clock set now = $1::timestamptz";

/** The connection string of the engine's sessions. */
export function engineUrl(url: string): string {
  const changed = new URL(url);
  changed.searchParams.set("application_name", ENGINE);
  return changed.href;
}
