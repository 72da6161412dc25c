-- Lets those of the given runs of a week go that have expired, each whole or not at all. Returns
-- how many went. Those that an operator holds, or whose mail a sender has, are left to another day.
-- Who redrives one of them meanwhile comes first, or finds no run any more.
-- Each table is asked for the ids: the endings of all weeks would be read for each batch.
-- The endings are deleted by a statement that begins when the runs are locked: one before it does
-- not know what was redriven in between.
create or replace function baton.let_go(week timestamptz, rules jsonb, moment timestamptz, ids uuid[]) returns integer
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
begin
  ids := array(
    select r.id from baton.run r join baton.ending e on e.run_id = r.id
    where r.id = any (ids) and e.run_id = any (ids) and baton.has_expired(rules, r.workflow, e.status, e.at, moment)
      and not baton.has_open_family(r.id)
    order by r.id for update of r skip locked);
  ids := baton.try_mail(ids);
  with gone as (
    delete from baton.ending e using baton.run r
    where e.run_id = any (ids) and r.id = any (ids) and r.id = e.run_id and baton.has_expired(rules, r.workflow, e.status, e.at, moment)
    returning e.run_id
  )
  select coalesce(array_agg(gone.run_id), '{}') into ids from gone;
  perform baton.remove_runs(ids);
  if cardinality(ids) > 0 then
    perform baton.note_week(week, moment);
  end if;
  return cardinality(ids);
end
$$;
