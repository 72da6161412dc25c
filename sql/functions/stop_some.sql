-- Stops up to so many children of some parents. One that has more is noted by its own id, for the
-- next tick.
create or replace function baton.stop_some(parents uuid[], most integer, moment timestamptz) returns void
language plpgsql volatile
as $$
declare
  children uuid[];
  ids uuid[];
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
  -- One that is being undone goes on to its end.
  children := array(select unnest(children) except select unnest(baton.runs_with_verdict(children)) order by 1);
  with unready as (
    -- Who sends a signal may hold it for minutes; it is stopped when it is claimed, or by a tick.
    delete from baton.ready where ctid = any (array(select q.ctid from baton.ready q where q.run_id = any (children[:most]) for update skip locked))
    returning run_id
  ), unblocked as (
    delete from baton.blocked where run_id = any (children[:most]) returning run_id
  )
  select array_agg(p.run_id) into ids from (select * from unready union all select * from unblocked) as p;
  perform baton.end_each(ids, 'cancelled', null, moment);
end
$$;
