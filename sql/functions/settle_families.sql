-- What follows for families from the endings and the redrives of this transaction: children of a
-- parent that has ended are stopped, and a parent whose awaited child has ended is due. Called once
-- at the end of a call, since it takes all rows of awaited that the call needs by one statement, in
-- order: two calls that took them piece by piece would wait for each other.
--
-- entries: [{ run, awaits }] — runs that the call has parked, or that stay in their lease: by which
--          paths they wait. One of which a child has ended meanwhile is due too.
-- Returns whether a parent is due now.
-- Waking is a statement of its own: the snapshot of the one that waited for the rows may not have
-- the ready row that a parker has just put there.
create or replace function baton.settle_families(entries jsonb, moment timestamptz) returns boolean
language plpgsql volatile
as $$
declare
  ended uuid[] := baton.recall_family('ended');
  revived uuid[] := baton.recall_family('revived');
  parents uuid[];
  paths text[];
  changes integer[];
  due uuid[];
begin
  if entries is null and ended = '{}' and revived = '{}' then
    return false;
  end if;
  ended := baton.stop_children(ended, moment);
  perform set_config('baton.ended', '', true), set_config('baton.revived', '', true);
  select array_agg(w.parent_id order by w.parent_id, w.path), array_agg(w.path order by w.parent_id, w.path), array_agg(w.change order by w.parent_id, w.path)
    into parents, paths, changes
  from (
    select o.parent_id, o.path, sum(o.change)::integer as change
    from (
      select c.parent_id, c.path, -1 as change from unnest(ended) as e (id) join baton.child c on c.run_id = e.id and not c.detached
      union all
      select c.parent_id, c.path, 1 from unnest(revived) as r (id) join baton.child c on c.run_id = r.id and not c.detached
      union all
      select e.run, p.path, 0 from jsonb_to_recordset(entries) as e (run uuid, awaits text[]) cross join unnest(e.awaits) as p (path)
    ) as o
    group by o.parent_id, o.path
  ) as w;
  perform from unnest(parents, paths) with ordinality as w (parent_id, path, nth)
    cross join lateral (select from baton.awaited a where a.parent_id = w.parent_id and a.path = w.path for update) as locked;
  update baton.awaited a set open = a.open + w.change
  from unnest(parents, paths, changes) as w (parent_id, path, change)
  where a.parent_id = w.parent_id and a.path = w.path and w.change <> 0;
  due := array(
    select distinct a.parent_id from unnest(parents, paths) as w (parent_id, path)
    join baton.awaited a on a.parent_id = w.parent_id and a.path = w.path where a.open <= 0);
  return baton.wake_parents(due, moment);
end
$$;
