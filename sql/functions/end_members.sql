-- Ends members of a lease: entries are [{ place, run, error? }]. Returns the places they leave.
create or replace function baton.end_members(held baton.lease, entries jsonb, new_status text, skipped uuid[], moment timestamptz) returns integer[]
language plpgsql volatile
as $$
declare
  ids uuid[];
  places integer[];
  errors jsonb[];
begin
  if coalesce(jsonb_array_length(entries), 0) = 0 then
    return '{}';
  end if;
  select array_agg(e.run), array_agg(e.place), array_agg(e.error) into ids, places, errors
  from jsonb_to_recordset(entries) as e (place integer, run uuid, error jsonb)
  where held.run_ids[e.place + 1] = e.run and get_bit(held.gone, e.place) = 0 and e.run <> all (skipped);
  perform baton.end_runs(ids, new_status, errors, moment);
  return coalesce(places, '{}');
end
$$;
