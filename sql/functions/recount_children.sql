-- Counts anew how many of their children parents await, and makes those due of which none is open.
-- Returns how many of them are. Only while pollers are stopped.
create or replace function baton.recount_children(moment timestamptz) returns integer
language plpgsql volatile
as $$
declare
  woken integer;
begin
  insert into baton.awaited as a (parent_id, path, open)
  select c.parent_id, c.path, count(*) filter (where e.run_id is null and r.id is not null)
  from baton.child c
  left join baton.run r on r.id = c.run_id
  left join baton.ending e on e.run_id = c.run_id
  where not c.detached
  group by c.parent_id, c.path
  on conflict on constraint awaited_of_node do update set open = excluded.open where a.open <> excluded.open;
  update baton.ready q set run_at = moment
  where q.run_at > moment and exists (
    select from baton.awaited a where a.parent_id = q.run_id and a.open = 0
      and not exists (select from baton.checkpoint k where k.run_id = a.parent_id and k.node = a.path));
  get diagnostics woken = row_count;
  return woken;
end
$$;
