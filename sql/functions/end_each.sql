-- Ends runs that were taken out of their places, whatever becomes of one of them: an ending that
-- cannot be stored, because its week was dropped, does not stop the others. Such a run keeps no
-- place, and there is nothing left of it to go on with.
create or replace function baton.end_each(ids uuid[], new_status text, error jsonb, moment timestamptz) returns void
language plpgsql volatile
as $$
declare
  id uuid;
begin
  if coalesce(cardinality(ids), 0) = 0 then
    return;
  end if;
  -- A block of its own: every claim calls this, and nearly none has anybody to end and needs a
  -- subtransaction.
  begin
    perform baton.end_runs(ids, new_status, array_fill(error, array[cardinality(ids)]), true, moment);
  exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
    if cardinality(ids) > 1 then
      foreach id in array ids loop
        perform baton.end_each(array[id], new_status, error, moment);
      end loop;
    end if;
  end;
end
$$;
