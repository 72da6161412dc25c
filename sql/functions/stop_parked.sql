-- Applies stops that a race left behind: the run was in a lease when it was asked, and parked before the lease saw it.
create or replace function baton.stop_parked(moment timestamptz) returns integer
language plpgsql volatile
as $$
declare
  ids uuid[];
begin
  if not exists (select from baton.control) then
    return 0;
  end if;
  with unready as (
    delete from baton.ready where run_id = any (array(select run_id from baton.control)) returning run_id
  ), unblocked as (
    delete from baton.blocked where run_id = any (array(select run_id from baton.control)) returning run_id
  )
  select array_agg(run_id) into ids from (select * from unready union all select * from unblocked) as parked;
  -- The clock is read after what may have waited: what others stored meanwhile must not lie after the ending.
  perform baton.end_each(ids, 'cancelled', null, greatest(moment, baton.now()));
  delete from baton.control c where exists (select from baton.ending e where e.run_id = c.run_id)
    or not exists (select from baton.run r where r.id = c.run_id);
  return coalesce(cardinality(ids), 0);
end
$$;
