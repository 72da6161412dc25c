-- Keeps the months of the audit: this one and the three ahead are there, and those that ended more
-- than twelve months ago are not. By pg_partman where `npm run migrate` has handed them to it, else
-- by itself, with the same outcome.
--
-- answer: { by, made, dropped } — by: pg_partman or baton; how many partitions it made and dropped.
-- Who has the table for longer than two seconds is left alone (55P03): the next call does it.
-- owner: migrator
-- grant: baton_maintainer
create or replace function baton.keep_months() returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set lock_timeout = '2s'
  set default_tablespace = '' set default_table_access_method = 'heap'
as $$
declare
  moment timestamptz := baton.now();
  partman text := baton.find_partman();
  former text[] := baton.list_months();
  present text[];
  answer jsonb;
begin
  -- One at a time: of two, the second finds done what the first did.
  lock table only baton.audit in share update exclusive mode;
  if partman is null then
    perform baton.make_months(moment, moment + interval '3 months');
    perform baton.drop_months(moment);
  else
    perform baton.ask_partman(partman, moment);
  end if;
  present := baton.list_months();
  answer := jsonb_build_object('by', case when partman is null then 'baton' else 'pg_partman' end,
    'made', (select count(*) from unnest(present) as m where m <> all (former)),
    'dropped', (select count(*) from unnest(former) as m where m <> all (present)));
  -- pg_partman sets the search path for the session, where a pooler would hand it to the next
  -- caller. Last, since from here on names mean what the login's settings say.
  if partman is not null then
    reset search_path;
  end if;
  return answer;
end
$$;
