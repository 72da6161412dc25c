-- Applies stops that a race left behind: the run was in a lease when it was asked, and parked
-- before the lease saw it. Those that are to be undone first are made due for that.
create or replace function baton.stop_parked(moment timestamptz) returns integer
language plpgsql volatile
as $$
declare
  asked uuid[] := array(select run_id from baton.control);
  ids uuid[];
  undone uuid[];
begin
  if asked = '{}' then
    return 0;
  end if;
  perform baton.forget_stops(asked);
  ids := baton.take_parked(asked);
  -- The clock is read after what may have waited: what others stored meanwhile must not lie after
  -- the ending.
  moment := greatest(moment, baton.now());
  undone := baton.begin_undo(array(select c.run_id from baton.control c where c.run_id = any (ids) and c.undo), 'cancelled', null, moment);
  perform baton.end_each(array(select unnest(ids) except select unnest(undone)), 'cancelled', null, moment);
  -- One statement, and so one moment: a run that is redriven meanwhile may be asked to stop anew.
  delete from baton.control where run_id = any (asked) and (
    run_id = any ((select baton.runs_with_ending(asked))::uuid[]) or run_id <> all ((select baton.existing_runs(asked))::uuid[]));
  return cardinality(ids);
end
$$;
