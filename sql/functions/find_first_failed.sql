-- The first item of a map that has failed, was cancelled or deleted, and is not to go on again.
-- Looks at 1,000 at a time.
-- No bitmap scan: of a table that nobody has analysed the planner would read all, and sort it.
create or replace function baton.find_first_failed(parent uuid, path text, out item integer, out run_id uuid)
language plpgsql stable set enable_bitmapscan = off
as $$
declare
  ids uuid[];
  items integer[];
  failed uuid[];
begin
  loop
    select array_agg(c.run_id), array_agg(c.item) into ids, items
    from (
      select c.run_id, c.item from baton.child c
      where c.parent_id = parent and c.path = find_first_failed.path and c.item > coalesce(items[cardinality(items)], -1)
      order by c.item limit 1000) as c;
    exit when ids is null;
    failed := baton.find_unsuccessful(ids);
    select t.item, t.id into find_first_failed.item, find_first_failed.run_id
    from unnest(items, ids) as t (item, id)
    where t.id = any (failed) and not exists (
      select from baton.waiting_item w where w.parent_id = parent and w.path = find_first_failed.path and w.item = t.item)
    order by t.item limit 1;
    exit when found;
  end loop;
end
$$;
