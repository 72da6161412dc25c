-- A page of runs, newest first, after a cursor. It looks at 20,000 entries at most, whatever is
-- asked for and however many runs there are: so a page may hold fewer than limit runs, or none, and
-- there are more all the same.
--
-- request: { limit, before?: id, workflow?, version?, status?, attributes?, created_after?,
--          created_before?, ended_after?, ended_before?, error_name?, failed_node?, paged? } —
--          times from and up to, ISO 8601 with a zone; attributes: what those of a run must contain
-- answer:  { runs: [{ id, workflow, version, status, created_at, finished_at }], next, more } —
--          next: look on before this id, null where the page is full (look on before its last run)
--          or was the last; more: whether one of the two holds. Without paged: the runs alone, as
--          older code reads them.
-- Stable: all that it reads is of one moment, so no run is in two places, or in none.
-- Planned for the weeks of its runs: a plan for any id locks the partitions of all weeks.
-- No sort and no bitmap: without statistics the planner would rather read all failed endings and
-- sort them than walk their index.
-- grant: baton_reader, baton_operator
create or replace function baton.list_runs(request jsonb) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
  set enable_bitmapscan = off set enable_sort = off set plan_cache_mode = force_custom_plan
as $$
declare
  moment timestamptz := baton.now();
  wanted jsonb := request - array(select key from jsonb_each(request) where value = 'null');
  most integer := (request ->> 'limit')::integer;
  listed record;
  runs jsonb;
begin
  perform baton.check_list(wanted);
  listed := baton.list_ids(wanted, coalesce((wanted ->> 'before')::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'), most, moment);
  select coalesce(jsonb_agg(to_jsonb(page) order by page.id desc), '[]') into runs
  from (
    select r.id, r.workflow, r.version, coalesce(e.status, baton.place_status(r.id, moment)) as status, r.created_at, e.at as finished_at
    from unnest(listed.ids) as l (id)
    cross join lateral (
      select * from baton.run where id = l.id and id between listed.ids[cardinality(listed.ids)] and listed.ids[1] limit 1) as r
    left join lateral (
      select status, at from baton.ending where run_id = l.id and run_id between listed.ids[cardinality(listed.ids)] and listed.ids[1] limit 1) as e on true
  ) as page;
  return case when request ? 'paged'
    then jsonb_build_object('runs', runs, 'next', listed.next, 'more', listed.next is not null or cardinality(listed.ids) = most) else runs end;
end
$$;
