-- How the runs of a map's items stand, { open, behind, failed, first, page }: how many have not
-- ended; how many of these wait for others; how many have failed, were cancelled or deleted, and
-- the first of them, where they are more than may; and once all have ended, what came of those from
-- the first on of which that is not stored: [{ item, run, status, output, error }], up to 1,000 and
-- so many bytes, one whatever it is; none where there is no room.
-- No bitmap scan: of a table that nobody has analysed the planner would read all, and sort it.
create or replace function baton.gather_items(parent uuid, path text, room integer) returns json
language plpgsql stable set plan_cache_mode = force_custom_plan set enable_bitmapscan = off
as $$
declare
  node baton.awaited;
  first integer;
  items integer[];
  children uuid[];
begin
  select * into node from baton.awaited a where a.parent_id = parent and a.path = gather_items.path;
  if node.failed > node.tolerated then
    select array_agg(c.item order by c.item), array_agg(c.run_id order by c.item) into items, children
    from (select * from baton.find_first_failed(parent, path)) as c;
    return json_build_object('open', node.open, 'behind', node.behind, 'failed', node.failed, 'first', baton.describe_items(items, children, 0) -> 0);
  end if;
  if node.open <= 0 and room > 0 then
    first := baton.count_folded(parent, path);
    select array_agg(c.item order by c.item), array_agg(c.run_id order by c.item) into items, children
    from (
      select c.item, c.run_id from baton.child c
      where c.parent_id = parent and c.path = gather_items.path and c.item >= first order by c.item limit 1000) as c;
  end if;
  return json_build_object('open', node.open, 'behind', node.behind, 'failed', node.failed, 'page', baton.describe_items(items, children, room));
end
$$;
