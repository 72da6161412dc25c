-- The number of the advisory lock of a business key. Who sends by it shares the lock, and who takes
-- it for a run only tries to have it alone: no sender waits for another, and no poller for anybody.
create or replace function baton.key_lock(workflow text, name text, key text) returns bigint
language sql immutable
as $$
  select hashtextextended(jsonb_build_array(workflow, name, key)::text, 1)
$$;
