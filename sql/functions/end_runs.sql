-- Writes the endings of runs, with errors as a parallel array (null: none), and forgets stops asked for them.
-- A run that has an ending keeps it. Who calls this has taken the runs out of their place.
create or replace function baton.end_runs(ids uuid[], new_status text, errors jsonb[], moment timestamptz) returns void
language plpgsql volatile
as $$
begin
  if coalesce(cardinality(ids), 0) = 0 then
    return;
  end if;
  insert into baton.ending (run_id, status, error, at)
  select t.id, new_status, t.error, moment from unnest(ids, errors) as t (id, error)
  on conflict do nothing;
  if exists (select from baton.control) then
    delete from baton.control where run_id = any (ids);
  end if;
end
$$;
