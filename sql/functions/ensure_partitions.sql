-- Makes this week's and the next three weeks' partitions of run, checkpoint, failure and ending.
-- CREATE LIKE and ATTACH take a lock that readers and writers do not notice; CREATE … PARTITION OF would stop both.
-- owner: migrator
-- grant: baton_engine
create or replace function baton.ensure_partitions() returns integer
language plpgsql security definer set search_path = pg_catalog, baton, pg_temp
as $$
declare
  parent text;
  week timestamptz;
  first_week timestamptz := date_trunc('week', baton.now() at time zone 'UTC') at time zone 'UTC';
  child text;
  made integer := 0;
begin
  -- Yesterday's ids are still taken early on a Monday, hence last week's partition too.
  if to_regclass('baton.ending_' || to_char((first_week + interval '21 days') at time zone 'UTC', 'YYYYMMDD')) is not null
     and to_regclass('baton.ending_' || to_char((first_week - interval '7 days') at time zone 'UTC', 'YYYYMMDD')) is not null then
    return 0;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('baton.ensure_partitions', 0));
  foreach parent in array array['run', 'checkpoint', 'failure', 'ending'] loop
    for week in select generate_series(first_week - interval '7 days', first_week + interval '21 days', interval '7 days') loop
      child := parent || '_' || to_char(week at time zone 'UTC', 'YYYYMMDD');
      continue when to_regclass('baton.' || child) is not null;
      execute format('create table baton.%I (like baton.%I including all)', child, parent);
      execute format('alter table baton.%I attach partition baton.%I for values from (%L) to (%L)',
        parent, child, baton.id_at(week), baton.id_at(week + interval '7 days'));
      made := made + 1;
    end loop;
  end loop;
  return made;
end
$$;
