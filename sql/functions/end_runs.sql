-- Writes the endings of runs, with errors as a parallel array (null: none), forgets stops asked for
-- them, and starts the runs that follow. Nothing else writes an ending, so none comes without.
-- A run that has an ending keeps it, if checked; else the primary key refuses the call (23505). Who
-- calls this has taken the runs out of their place, so nobody else ends them now; ON CONFLICT would
-- cost 2 µs and 48 bytes of WAL more for each.
create or replace function baton.end_runs(ids uuid[], new_status text, errors jsonb[], checked boolean, moment timestamptz) returns void
language plpgsql volatile
as $$
declare
  ended uuid[];
begin
  if coalesce(cardinality(ids), 0) = 0 then
    return;
  end if;
  if exists (select from baton.control) then
    delete from baton.control where run_id = any (ids);
  end if;
  if checked then
    ended := baton.runs_with_ending(ids);
    select array_agg(t.id), array_agg(t.error) into ids, errors from unnest(ids, errors) as t (id, error) where t.id <> all (ended);
  end if;
  -- Before the runs have an ending: who redrives one takes these rows in the same order.
  if exists (select from baton.stopping) then
    delete from baton.stopping where run_id = any (array(
      select s.run_id from baton.stopping s where s.run_id = any (end_runs.ids) and s.run_id <> s.parent_id order by s.run_id for update));
  end if;
  insert into baton.ending (run_id, status, error, at)
  select t.id, new_status, t.error, moment from unnest(ids, errors) as t (id, error);
  if exists (select from baton.child) then
    perform baton.note_family('ended', ids);
  end if;
  if exists (select from baton.workflow) then
    perform baton.start_hooks(ids, new_status, errors, moment);
  end if;
end
$$;
