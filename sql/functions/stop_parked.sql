-- Applies stops that a race left behind: the run was in a lease when it was asked, and parked
-- before the lease saw it. Those that are to be undone first are made due for that.
create or replace function baton.stop_parked(moment timestamptz) returns integer
language plpgsql volatile
as $$
declare
  asked uuid[] := array(select run_id from baton.control);
  ids uuid[];
  undone integer;
  late uuid[];
begin
  if asked = '{}' then
    return 0;
  end if;
  perform baton.forget_stops(asked);
  undone := baton.undo_parked(array(select run_id from baton.control where run_id = any (asked) and undo), moment);
  with unready as (
    -- One that a sender of a signal holds is stopped the next time, or when it is claimed.
    delete from baton.ready where ctid = any (array(
      select ctid from baton.ready where run_id = any (array(select run_id from baton.control where not undo)) for update skip locked)) returning run_id
  ), unblocked as (
    delete from baton.blocked where run_id = any (array(select run_id from baton.control where not undo)) returning run_id
  )
  select array_agg(run_id) into ids from (select * from unready union all select * from unblocked) as parked;
  -- Of which a round has said meanwhile that it is undone.
  late := baton.runs_with_verdict(ids);
  perform baton.put_back(late, array_fill(moment, array[cardinality(late)]));
  ids := array(select unnest(ids) except select unnest(late));
  -- The clock is read after what may have waited: what others stored meanwhile must not lie after
  -- the ending.
  perform baton.end_each(ids, 'cancelled', null, greatest(moment, baton.now()));
  -- One statement, and so one moment: a run that is redriven meanwhile may be asked to stop anew.
  delete from baton.control where run_id = any (asked) and (
    run_id = any ((select baton.runs_with_ending(asked))::uuid[]) or run_id <> all ((select baton.existing_runs(asked))::uuid[]));
  return coalesce(cardinality(ids), 0) + undone;
end
$$;
