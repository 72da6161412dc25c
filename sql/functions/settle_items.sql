-- What changes for the waiting items of maps whose rows of awaited are locked: changes as
-- count_changes tells them. Who has ended or goes on does not wait; of a run that has ended nothing
-- goes on again; and items whose time has come are due.
create or replace function baton.settle_items(changes jsonb, ids uuid[], moment timestamptz) returns void
language plpgsql volatile
as $$
declare
  node record;
begin
  with gone as (
    delete from baton.waiting_item b using baton.child c
    where c.run_id = any (ids) and c.item >= 0 and b.parent_id = c.parent_id and b.path = c.path and b.item = c.item
    returning b.parent_id, b.path, b.again
  ), closed as (
    delete from baton.waiting_item b using jsonb_to_recordset(changes) as w (parent uuid, path text, closes boolean)
    where w.closes and b.parent_id = w.parent and b.path = w.path and b.again and b.run_id <> all (ids)
    returning b.parent_id, b.path, b.again
  )
  update baton.awaited a set behind = a.behind - g.amount, open = a.open - g.again, failed = a.failed + g.again
  from (
    select t.parent_id, t.path, count(*) as amount, count(*) filter (where t.again) as again
    from (select * from gone union all select * from closed) as t group by t.parent_id, t.path) as g
  where a.parent_id = g.parent_id and a.path = g.path;
  for node in
    select a.parent_id, a.path from jsonb_to_recordset(changes) as w (parent uuid, path text)
    join baton.awaited a on a.parent_id = w.parent and a.path = w.path
    where a.behind > 0 and not exists (select from baton.stopping s where s.run_id = a.parent_id)
  loop
    perform baton.release_items(node.parent_id, node.path, moment);
  end loop;
end
$$;
