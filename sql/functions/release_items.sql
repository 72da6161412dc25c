-- Makes items of a map due, in their order, as many as may go on beside those that do. The caller
-- has locked the map's row of awaited. Who failed and goes on again is not touched: the run's own
-- round takes these.
-- No bitmap scan: of a table that nobody has analysed the planner would read all, and sort it.
create or replace function baton.release_items(parent uuid, path text, moment timestamptz) returns void
language plpgsql volatile set enable_bitmapscan = off
as $$
declare
  room integer := (
    select a.most - (a.open - a.behind) from baton.awaited a where a.parent_id = release_items.parent and a.path = release_items.path);
  ids uuid[];
begin
  if coalesce(room, 0) <= 0 then
    return;
  end if;
  with next as (
    delete from baton.waiting_item where ctid = any (array(
      select b.ctid from baton.waiting_item b
      where b.parent_id = release_items.parent and b.path = release_items.path and not b.again order by b.item limit room))
    returning run_id
  )
  select array_agg(n.run_id) into ids from next n;
  update baton.awaited a set behind = a.behind - cardinality(ids)
  where ids is not null and a.parent_id = release_items.parent and a.path = release_items.path;
  perform baton.wake_runs(ids, moment);
end
$$;
