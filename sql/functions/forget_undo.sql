-- Whether a run that has ended can go on: it was not to be undone, or there was nothing to undo.
-- Then it goes on as if nobody had looked. The caller has locked the run.
create or replace function baton.forget_undo(id uuid) returns boolean
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
begin
  if baton.runs_with_verdict(array[forget_undo.id]) = '{}' then
    return true;
  end if;
  if not exists (select from baton.checkpoint c where c.run_id = forget_undo.id and c.node = '~undone' and c.output = '0') then
    return false;
  end if;
  delete from baton.checkpoint c where c.run_id = forget_undo.id and c.node in ('~verdict', '~undone');
  return true;
end
$$;
