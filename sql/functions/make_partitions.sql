-- Makes the partitions of run, attribute, checkpoint, failure and ending that are missing for the
-- weeks from one moment to another. Weeks are arithmetic on UTC without a zone: a day with a change
-- of clocks has 24 hours here too.
-- CREATE LIKE and ATTACH take a lock that readers and writers do not notice; CREATE … PARTITION OF
-- would stop both. The lock on the parent is what ATTACH takes anyway, and nobody but its owner and
-- the engine may take it. impatient: who finds it taken leaves the rest to its holder, whose
-- transaction may be a user's and long.
-- owner: migrator
-- grant: baton_engine
create or replace function baton.make_partitions(earliest timestamptz, latest timestamptz, impatient boolean) returns integer
language plpgsql security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC'
  set default_tablespace = '' set default_table_access_method = 'heap'
as $$
declare
  parents text[] := baton.weekly_tables();
  weeks timestamp[] := array(
    select generate_series(date_trunc('week', earliest at time zone 'UTC'), latest at time zone 'UTC', interval '7 days'));
  missing record;
  made integer := 0;
begin
  if (select count(*) = cardinality(parents) * cardinality(weeks) from pg_class
      where relnamespace = 'baton'::regnamespace
        and relname = any (array(select p || to_char(w, '_YYYYMMDD') from unnest(parents) as p, unnest(weeks) as w))) then
    return 0;
  end if;
  begin
    if impatient then
      lock table only baton.run in share update exclusive mode nowait;
    else
      lock table only baton.run in share update exclusive mode;
    end if;
  exception when lock_not_available then
    if impatient then
      return 0;
    end if;
    raise;
  end;
  for missing in
    select p.parent, p.parent || to_char(w.week, '_YYYYMMDD') as child, w.week at time zone 'UTC' as starts,
      (w.week + interval '7 days') at time zone 'UTC' as ends
    from unnest(weeks) as w (week), unnest(parents) with ordinality as p (parent, nth)
    order by w.week, p.nth
  loop
    continue when to_regclass('baton.' || missing.child) is not null;
    execute format('create table baton.%I (like baton.%I including all)', missing.child, missing.parent);
    execute format('alter table baton.%I attach partition baton.%I for values from (%L) to (%L)',
      missing.parent, missing.child, baton.id_at(missing.starts), baton.id_at(missing.ends));
    made := made + 1;
  end loop;
  return made;
end
$$;
