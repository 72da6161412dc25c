-- Puts members of a lease back into ready: entries are [{ place, run, delay_ms, bytes? }]. Returns
-- the slots they leave. A delay of null: until a child ends that is awaited.
-- unproven: members that have stored nothing since they were claimed keep the suspicion of their
-- lease.
create or replace function baton.park_members(held baton.lease, entries jsonb, unproven boolean, skipped uuid[], moment timestamptz) returns integer[]
language plpgsql volatile
as $$
declare
  ids uuid[];
  slots integer[];
  times timestamptz[];
  sizes integer[];
begin
  if coalesce(jsonb_array_length(entries), 0) = 0 then
    return '{}';
  end if;
  select array_agg(e.run), array_agg(e.place), array_agg(coalesce(moment + least(e.delay_ms, 315532800000) * interval '1 millisecond', baton.never())), array_agg(e.bytes)
  into ids, slots, times, sizes
  from jsonb_to_recordset(entries) as e (place integer, run uuid, delay_ms bigint, bytes integer)
  where baton.has_member(held, e.place, e.run) and e.run <> all (skipped);
  if unproven then
    perform baton.return_members(held, ids, moment);
  else
    perform baton.put_back(ids, times, sizes => sizes);
  end if;
  return coalesce(slots, '{}');
end
$$;
