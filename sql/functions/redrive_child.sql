-- Lets a child go on, whose parent was redriven. One that was undone stays as it is, and fails its
-- parent again. The audit says for which parent.
create or replace function baton.redrive_child(id uuid, moment timestamptz) returns void
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
declare
  before integer;
begin
  if not baton.lock_run(id) then
    return;
  end if;
  before := baton.redrives(id);
  if exists (select from baton.ending e where e.run_id = redrive_child.id and e.status <> 'done') and baton.forget_undo(id) then
    perform baton.revive(id);
    perform baton.note_action('redrive', id, null, jsonb_build_object('redrives', before,
      'parent', (select c.parent_id from baton.child c where c.run_id = redrive_child.id)), moment);
  end if;
end
$$;
