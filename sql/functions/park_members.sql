-- Puts members of a lease back into ready: entries are [{ place, run, delay_ms, bytes?, queue? }].
-- Returns the slots they leave. A delay of null: until a child ends that is awaited.
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
  queues smallint[];
begin
  if coalesce(jsonb_array_length(entries), 0) = 0 then
    return '{}';
  end if;
  select array_agg(e.run), array_agg(e.place), array_agg(coalesce(moment + least(e.delay_ms, 315532800000) * interval '1 millisecond', baton.never())), array_agg(e.bytes),
    array_agg(case when e.queue is not null then baton.add_queue(e.queue) end)
  into ids, slots, times, sizes, queues
  from jsonb_to_recordset(entries) as e (place integer, run uuid, delay_ms bigint, bytes integer, queue text)
  where baton.has_member(held, e.place, e.run) and e.run <> all (skipped);
  if unproven then
    perform baton.return_members(held, ids, moment);
  else
    perform baton.put_back(ids, times, sizes => sizes, queues => queues, home => held.queue);
  end if;
  return coalesce(slots, '{}');
end
$$;
