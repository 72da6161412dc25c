-- Deletes everything that is stored of ended runs but their endings and keys, which are their
-- callers' to decide: a key goes on answering with its run until its time is over. The caller has
-- locked them (baton.lock_run) and has deleted their endings.
-- Messages go last: until the run and its wait are gone, a sender that was before may have one
-- more.
create or replace function baton.remove_runs(ids uuid[]) returns void
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
begin
  delete from baton.attribute where run_id = any (ids);
  delete from baton.checkpoint where run_id = any (ids);
  delete from baton.failure where run_id = any (ids);
  delete from baton.redrive where run_id = any (ids);
  delete from baton.control where run_id = any (ids);
  delete from baton.wait where run_id = any (ids);
  -- Of a child that is gone its parent must know which it was.
  delete from baton.child where parent_id = any (ids) or (run_id = any (ids) and detached);
  delete from baton.awaited where parent_id = any (ids);
  delete from baton.waiting_item where parent_id = any (ids);
  delete from baton.stopping where run_id = any (ids) or parent_id = any (ids);
  delete from baton.wakeup where run_id = any (ids);
  delete from baton.run where id = any (ids);
  delete from baton.message where run_id = any (ids);
  delete from baton.signal_key where run_id = any (ids);
  perform baton.remove_hooks(ids);
end
$$;
