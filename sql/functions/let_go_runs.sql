-- Lets the expired runs of a part of a week go, each whole or not at all: looks at the next `most`
-- endings behind `past`. Those that an operator holds are left to another day. Who redrives one of
-- them meanwhile comes first, or finds no run any more.
--
-- answer: { looked, gone, past } — endings that it looked at, runs that it let go, and behind which
--         id to go on. Less looked at than `most`: the week is done.
-- The endings are deleted by a statement that begins when the runs are locked: one before it does
-- not know what was redriven in between.
-- grant: baton_maintainer
create or replace function baton.let_go_runs(week timestamptz, rules jsonb, moment timestamptz, past uuid, most integer) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC'
  set plan_cache_mode = force_custom_plan
as $$
declare
  first uuid := baton.id_at(week);
  beyond uuid := baton.id_at(week + interval '7 days');
  looked record;
  ids uuid[];
begin
  perform baton.require_read_committed();
  select count(*)::integer as count, max(n.run_id::text)::uuid as past, array_agg(n.run_id) as ids into looked
  from (
    select e.run_id from baton.ending e where e.run_id > coalesce(let_go_runs.past, first) and e.run_id < beyond order by e.run_id limit most
  ) as n;
  ids := array(
    select r.id from baton.run r join baton.ending e on e.run_id = r.id
    where r.id = any (looked.ids) and baton.has_expired(rules, r.workflow, e.status, e.at, moment)
    order by r.id for update of r skip locked);
  with gone as (
    delete from baton.ending e using baton.run r
    where e.run_id = any (ids) and r.id = any (ids) and r.id = e.run_id and baton.has_expired(rules, r.workflow, e.status, e.at, moment)
    returning e.run_id
  )
  select coalesce(array_agg(gone.run_id), '{}') into ids from gone;
  perform baton.remove_runs(ids);
  perform baton.note_week(week, case when cardinality(ids) > 0 then moment end);
  return jsonb_build_object('looked', looked.count, 'gone', cardinality(ids), 'past', looked.past);
end
$$;
