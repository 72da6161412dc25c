-- Ends runs that were taken out of their places, whatever becomes of one of them: an ending that
-- cannot be stored, because its week was dropped, does not stop the others. Such a run keeps no
-- place, and there is nothing left of it to go on with. What fails and has something to undo is
-- undone first.
create or replace function baton.end_each(ids uuid[], new_status text, error jsonb, moment timestamptz) returns void
language plpgsql volatile
as $$
declare
  id uuid;
  ended uuid[] := ids;
begin
  if coalesce(cardinality(ids), 0) = 0 then
    return;
  end if;
  -- A block of its own: every claim calls this, and nearly none has anybody to end and needs a
  -- subtransaction.
  begin
    if new_status = 'failed' then
      ended := baton.undo_failed(ids, error, moment);
    end if;
    perform baton.end_runs(ended, new_status, array_fill(error, array[cardinality(ended)]), true, moment);
  exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
    if cardinality(ids) > 1 then
      foreach id in array ids loop
        perform baton.end_each(array[id], new_status, error, moment);
      end loop;
    end if;
  end;
end
$$;
