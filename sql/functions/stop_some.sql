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
  children := array(
    select c.run_id from baton.child c
    where c.parent_id = any (parents) and not c.detached and not exists (select from baton.stopping s where s.run_id = c.run_id));
  children := array(select unnest(children) except select unnest(baton.runs_with_ending(children)) order by 1);
  insert into baton.stopping (run_id, parent_id)
  select c.run_id, c.parent_id from baton.child c where c.run_id = any (children[:most])
  union all
  select distinct c.parent_id, c.parent_id from baton.child c where c.run_id = any (children[most + 1:])
  on conflict do nothing;
  perform baton.end_each(baton.take_parked(children[:most]), 'cancelled', null, moment);
end
$$;
