-- Remembers which workflows of a manifest have something that can be undone, so that nothing ends
-- their runs before that is done. Pollers call it before they claim a run of them.
create or replace function baton.note_undoable(manifest jsonb) returns void
language plpgsql volatile
as $$
begin
  insert into baton.undoable (workflow, version)
  select m.name, m.version from jsonb_to_recordset(manifest) as m (name text, version integer, undoes boolean)
  where m.undoes and not exists (select from baton.undoable u where u.workflow = m.name and u.version = m.version)
  order by m.name, m.version
  on conflict do nothing;
end
$$;
