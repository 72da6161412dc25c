-- Lets items of maps go on that have failed, after a redrive of their runs, which are members of a
-- lease: entries are [{ place, run, repeats?: [{ node, anew? }] }]. anew: all those that failed
-- wait for it from now on, but for those of which that is stored already. As many go on as may, and
-- the others with another call, when these have ended.
-- A run is locked before its waiting_item is taken: who redrives it by itself has it locked.
-- No bitmap scan: of a table that nobody has analysed the planner would read all, and sort it.
create or replace function baton.repeat_items(held baton.lease, entries jsonb, skipped uuid[], moment timestamptz) returns void
language plpgsql volatile set enable_bitmapscan = off
as $$
declare
  entry record;
  child uuid;
  amount integer;
begin
  for entry in
    select e.run, r.node, coalesce(r.anew, false) as anew from jsonb_to_recordset(entries) as e (place integer, run uuid, repeats jsonb)
    cross join lateral jsonb_to_recordset(e.repeats) as r (node text, anew boolean)
    where baton.has_member(held, e.place, e.run) and e.run <> all (skipped)
    order by e.run, r.node
  loop
    if entry.anew then
      insert into baton.waiting_item (parent_id, path, item, run_id, again)
      select c.parent_id, c.path, c.item, c.run_id, true
      from baton.child c
      where c.parent_id = entry.run and c.path = entry.node and c.run_id = any (baton.find_unsuccessful(array(
        select f.run_id from baton.child f
        where f.parent_id = entry.run and f.path = entry.node and f.item >= baton.count_folded(entry.run, entry.node))))
      on conflict do nothing;
      get diagnostics amount = row_count;
      perform baton.note_items(entry.run, entry.node, jsonb_build_object('open', amount, 'behind', amount, 'failed', - amount));
    end if;
    for child in
      select b.run_id from (
        select b.run_id from baton.waiting_item b
        where b.parent_id = entry.run and b.path = entry.node and b.again order by b.item
        limit (
          select greatest(least(coalesce(a.most, 1000) - (a.open - a.behind), 1000), 0)
          from baton.awaited a where a.parent_id = entry.run and a.path = entry.node)) as b
      order by b.run_id
    loop
      perform baton.repeat_item(entry.run, entry.node, child, moment);
    end loop;
  end loop;
end
$$;
