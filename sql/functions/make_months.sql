-- Makes the partitions of audit that are missing for the months from one moment to another, and
-- returns how many. Months begin in UTC, and are named as pg_partman names them.
-- CREATE LIKE and ATTACH take a lock that readers and writers do not notice.
-- owner: migrator
-- grant: baton_engine
create or replace function baton.make_months(earliest timestamptz, latest timestamptz) returns integer
language plpgsql security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC'
  set default_tablespace = '' set default_table_access_method = 'heap'
as $$
declare
  month timestamptz;
  child text;
  made integer := 0;
begin
  lock table only baton.audit in share update exclusive mode;
  for month in select generate_series(date_trunc('month', earliest), latest, interval '1 month') loop
    child := to_char(month, '"audit_p"YYYYMMDD');
    continue when to_regclass('baton.' || child) is not null;
    execute format('create table baton.%I (like baton.audit including all)', child);
    execute format('alter table baton.audit attach partition baton.%I for values from (%L) to (%L)', child, month, month + interval '1 month');
    made := made + 1;
  end loop;
  return made;
end
$$;
