-- Counts anew how many of their children parents await, and makes those due of which none is open.
-- Returns how many of them are. Only while pollers are stopped.
create or replace function baton.recount_children(moment timestamptz) returns integer
language plpgsql volatile
as $$
declare
  woken integer;
begin
  delete from baton.waiting_item b
  where b.again and exists (select from baton.ending e where e.run_id = b.parent_id)
    or not b.again and exists (select from baton.ending e where e.run_id = b.run_id)
    or b.again and not exists (select from baton.ending e where e.run_id = b.run_id);
  insert into baton.awaited as a (parent_id, path, open, behind, failed)
  select c.parent_id, c.path, count(*) filter (where b.again or e.run_id is null and r.id is not null), count(b.run_id),
    count(*) filter (where c.item >= 0 and b.again is not true and (e.status <> 'done' or r.id is null))
  from baton.child c
  left join baton.run r on r.id = c.run_id
  left join baton.ending e on e.run_id = c.run_id
  left join baton.waiting_item b on b.parent_id = c.parent_id and b.path = c.path and b.item = c.item
  where not c.detached
  group by c.parent_id, c.path
  on conflict on constraint awaited_of_node do update set open = excluded.open, behind = excluded.behind, failed = excluded.failed
    where (a.open, a.behind, a.failed) <> (excluded.open, excluded.behind, excluded.failed);
  perform baton.release_items(a.parent_id, a.path, moment) from baton.awaited a where a.behind > 0;
  update baton.ready q set run_at = moment
  where q.run_at > moment and exists (
    select from baton.awaited a where a.parent_id = q.run_id and a.open <= a.behind and not baton.is_over(a.parent_id, a.path));
  get diagnostics woken = row_count;
  return woken;
end
$$;
