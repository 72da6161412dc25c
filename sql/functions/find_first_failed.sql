-- The first item of a map that has failed, was cancelled or deleted, and is not to go on again.
-- Looks at 1,000 at a time.
-- No bitmap scan: of a table that nobody has analysed the planner would read all, and sort it.
create or replace function baton.find_first_failed(parent uuid, path text, out item integer, out run_id uuid)
language plpgsql stable set enable_bitmapscan = off
as $$
declare
  ids uuid[];
  past integer := -1;
begin
  loop
    select array_agg(c.run_id), max(c.item) into ids, past
    from (
      select c.run_id, c.item from baton.child c
      where c.parent_id = parent and c.path = find_first_failed.path and c.item > past order by c.item limit 1000) as c;
    exit when ids is null;
    ids := baton.find_unsuccessful(ids);
    select c.item, c.run_id into find_first_failed.item, find_first_failed.run_id
    from baton.child c
    where c.run_id = any (ids) and not exists (
      select from baton.waiting_item b where b.parent_id = c.parent_id and b.path = c.path and b.item = c.item)
    order by c.item limit 1;
    exit when found;
  end loop;
end
$$;
