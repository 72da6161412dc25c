-- Locks the mail of a run for a sender, until the end of its transaction: the run's wait row, or
-- where it has none its row in run. Returns the names for which it waits; null: it has never done
-- so. found: whether there is such a run.
-- A poller makes the first wait row under a lock of the run (try_mail), which this one keeps out,
-- so the wait row is looked for again once the run is locked. Two senders who meet at the run alone
-- do not wait for each other.
create or replace function baton.lock_mail(id uuid, out known boolean, out names text[])
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
begin
  select w.names into names from baton.wait w where w.run_id = lock_mail.id for update;
  known := found;
  if not known then
    perform from baton.run r where r.id = lock_mail.id for key share;
    known := found;
    select w.names into names from baton.wait w where w.run_id = lock_mail.id for update;
  end if;
end
$$;
