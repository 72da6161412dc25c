-- Forgets of runs that are gone which hook's run followed which ending. A hook's run that is still
-- there keeps its row, which says that it is one; so does a run whose hook's run is gone, which
-- says that it had one. The second of two at the same time waits, and sees what the first did.
create or replace function baton.remove_hooks(ids uuid[]) returns void
language plpgsql volatile
as $$
declare
  here uuid[];
begin
  perform from baton.hook_run h where h.run_id = any (ids) or h.hook_run_id = any (ids) order by h.hook_run_id for update;
  if not found then
    return;
  end if;
  here := baton.existing_runs(array(select h.hook_run_id from baton.hook_run h where h.run_id = any (ids)));
  delete from baton.hook_run where run_id = any (ids) and hook_run_id <> all (here);
  update baton.hook_run set run_id = null where run_id = any (ids);
  delete from baton.hook_run where hook_run_id = any (ids) and run_id is null;
end
$$;
