-- Lets children of members of a lease go on that have failed, or were cancelled with their parent:
-- entries are [{ place, run, redriven?: [{ node, child }] }]. One that goes on already, or is done,
-- is left alone.
create or replace function baton.redrive_children(held baton.lease, entries jsonb, skipped uuid[], moment timestamptz) returns void
language plpgsql volatile
as $$
declare
  child uuid;
begin
  for child in
    select r.child from jsonb_to_recordset(entries) as e (place integer, run uuid, redriven jsonb)
    cross join lateral jsonb_to_recordset(e.redriven) as r (child uuid)
    join baton.child c on c.run_id = r.child and c.parent_id = e.run and not c.detached
    where baton.has_member(held, e.place, e.run) and e.run <> all (skipped)
    order by r.child
  loop
    perform baton.redrive_child(child, moment);
  end loop;
end
$$;
