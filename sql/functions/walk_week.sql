-- The part of baton.search_week that walks: looks at the newest rows of a week before an id. The
-- run of the last row may have more of them, so it is left for the next walk.
-- No bitmap and no sort: without statistics the planner would rather read all rows and sort them
-- than walk the key.
-- owner: migrator
-- grant: baton_engine
create or replace function baton.walk_week(
  failures text, attributes text, matches text, sought text, pattern text, before uuid, most integer, out ids uuid[], out looked integer, out next uuid)
language plpgsql stable security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
  set enable_bitmapscan = off set enable_sort = off
as $$
begin
  execute format(
    'with walked as (
       select * from ((%1$s where run_id < $3 order by run_id desc limit $4) union all (%2$s where run_id < $3 order by run_id desc limit $4)) as part
       order by run_id desc limit $4
     ), last as (
       select count(*) as n, (array_agg(run_id order by run_id))[1] as lowest from walked
     ), seen as (
       select walked.* from walked, last where n < $4 or run_id > lowest
     )
     select array(select distinct run_id from (select * from seen offset 0) as part where %3$s), n,
       case when n = $4 then coalesce((select run_id from seen order by run_id limit 1), lowest) end
     from last',
    failures, attributes, matches)
    into ids, looked, next using sought, pattern, before, most;
end
$$;
