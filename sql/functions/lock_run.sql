-- Locks a run's row until the end of the transaction, so that what operators do to one run is done
-- one after the other; whether there is such a run. Of pollers only who parks a run for its first
-- wait meets this lock, and does not wait for it.
-- Planned for the week of its id, as cancel is.
create or replace function baton.lock_run(id uuid) returns boolean
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
begin
  perform from baton.run r where r.id = lock_run.id for no key update;
  return found;
end
$$;
