-- Lets an item go on that waits since it failed; one that is deleted has failed for
-- good. A revival counts it as open, and as failed no longer, which was done when it came there.
create or replace function baton.repeat_item(parent uuid, path text, id uuid, moment timestamptz) returns void
language plpgsql volatile
as $$
declare
  is_there boolean := baton.lock_run(id);
begin
  delete from baton.waiting_item b using baton.child c
  where c.run_id = repeat_item.id and b.parent_id = c.parent_id and b.path = c.path and b.item = c.item;
  if not found then
    return;
  end if;
  perform baton.note_items(parent, path, jsonb_build_object('open', -1, 'behind', -1, 'failed', 1));
  if is_there then
    perform baton.redrive_child(id, moment);
  end if;
end
$$;
