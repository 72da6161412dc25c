-- Stops up to so many children of some parents. One that has more is noted by its own id, for the
-- next tick.
create or replace function baton.stop_some(parents uuid[], most integer, moment timestamptz) returns void
language plpgsql volatile
as $$
declare
  children uuid[];
begin
  parents := array(select distinct a.parent_id from baton.awaited a where a.parent_id = any (parents) and a.open > 0);
  if cardinality(parents) = 0 then
    return;
  end if;
  children := baton.find_open_children(parents, most + 1);
  insert into baton.stopping (run_id, parent_id)
  select c.run_id, c.parent_id from baton.child c where c.run_id = any (children[:most])
  union all
  select p.id, p.id from unnest(parents) as p (id) where cardinality(children) > most
  on conflict do nothing;
  perform baton.end_each(baton.take_parked(children[:most]), 'cancelled', null, moment);
end
$$;
