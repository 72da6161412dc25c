-- Counts a crash of their poller against runs, as crash_members does, whatever becomes of one of
-- them: a run whose crash cannot be stored fails alone. Returns how many were poison.
create or replace function baton.crash_each(held baton.lease, ids uuid[], moment timestamptz) returns integer
language plpgsql volatile
as $$
declare
  id uuid;
  poisoned integer := 0;
begin
  return baton.crash_members(held, ids, moment);
exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
  if cardinality(ids) = 1 then
    perform baton.end_each(ids, 'failed', jsonb_build_object('name', 'UnstorableError',
      'message', 'The database could not store what happened to this run: ' || sqlerrm || '.'), moment);
    return 1;
  end if;
  foreach id in array ids loop
    poisoned := poisoned + baton.crash_each(held, array[id], moment);
  end loop;
  return poisoned;
end
$$;
