-- Has those of some runs undone that are in no lease: they wait no longer for anything. Returns
-- how many. One that a sender of a signal holds is left to the next time, or to its claim.
create or replace function baton.undo_parked(ids uuid[], moment timestamptz) returns integer
language plpgsql volatile
as $$
declare
  parked uuid[];
  begun uuid[];
  late uuid[];
begin
  with unready as (
    delete from baton.ready where ctid = any (array(
      select q.ctid from baton.ready q where q.run_id = any (ids) for update skip locked)) returning run_id
  ), unblocked as (
    delete from baton.blocked b where b.run_id = any (ids) returning run_id
  )
  select coalesce(array_agg(p.run_id), '{}') into parked from (select * from unready union all select * from unblocked) as p;
  -- The clock is read after what may have waited.
  begun := baton.begin_undo(parked, 'cancelled', null, greatest(moment, baton.now()));
  -- Of which a round has said so meanwhile.
  late := array(select unnest(parked) except select unnest(begun));
  perform baton.put_back(late, array_fill(moment, array[cardinality(late)]));
  return cardinality(begun);
end
$$;
