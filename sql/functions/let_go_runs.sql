-- Lets the expired runs of a part of a week go: looks at the next `most` endings behind `past`.
--
-- answer: { looked, gone, past } — endings that it looked at, runs that it let go, and behind which
--         id to go on. Less looked at than `most`: the week is done.
-- grant: baton_maintainer
create or replace function baton.let_go_runs(week timestamptz, rules jsonb, moment timestamptz, past uuid, most integer) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC'
  set plan_cache_mode = force_custom_plan set enable_seqscan = off
as $$
declare
  first uuid := baton.id_at(week);
  beyond uuid := baton.id_at(week + interval '7 days');
  looked record;
begin
  perform baton.require_read_committed();
  perform baton.note_week(week, null);
  select count(*)::integer as count, max(n.run_id::text)::uuid as past, array_agg(n.run_id) as ids into looked
  from (
    select e.run_id from baton.ending e where e.run_id > coalesce(let_go_runs.past, first) and e.run_id < beyond order by e.run_id limit most
  ) as n;
  return jsonb_build_object('looked', looked.count, 'gone', baton.let_go(week, rules, moment, looked.ids), 'past', looked.past);
end
$$;
