-- Claims more runs into the free slots of a lease and writes the lease: its one update in such a
-- round.
-- A run keeps its slot for as long as it is a member, so the poller's numbers stay true.
-- entries: of runs with children, as for settle_families.
-- answer: the claim's part of the round's answer.
create or replace function baton.refill_lease(
  held baton.lease, request jsonb, entries jsonb, moment timestamptz, ttl_ms integer, out low jsonb, out due_in_ms bigint, out poisoned integer, out runs json)
language plpgsql volatile
as $$
declare
  got record := baton.take_batch(request, 16 * coalesce(held.queue, 0), moment, 0);
  described record;
  slots integer[];
  -- Variables of their own, because an element of a record's field is assigned by copying the
  -- array: 500 times 8 KB.
  members uuid[] := held.run_ids;
  new_gone varbit := held.gone;
  claimed_now varbit;
begin
  low := got.low;
  slots := baton.find_free_slots(held.gone, cardinality(got.ids));
  described := baton.describe_members(got.ids, slots, got.begun_ids, request -> 'manifest');
  poisoned := got.poisoned + coalesce(cardinality(described.missing), 0);
  if described.missing is not null then
    select array_agg(t.id order by t.nth), array_agg(t.slot order by t.nth) into got.ids, slots
    from unnest(got.ids, slots) with ordinality as t (id, slot, nth) where t.id <> all (described.missing);
  end if;
  if got.ids is not null then
    claimed_now := repeat('0', greatest(length(new_gone), slots[cardinality(slots)] + 1))::varbit;
    new_gone := new_gone || repeat('0', length(claimed_now) - length(new_gone))::varbit;
    for i in 1 .. cardinality(slots) loop
      members[slots[i] + 1] := got.ids[i];
      new_gone := set_bit(new_gone, slots[i], 0);
      claimed_now := set_bit(claimed_now, slots[i], 1);
    end loop;
    update baton.lease l set round = held.round, gone = new_gone, told = held.told, run_ids = members, fresh = claimed_now,
      fresh_round = held.round, expires_at = moment + least(ttl_ms, 3600000) * interval '1 millisecond'
    where l.token = held.token;
  else
    update baton.lease l set round = held.round, gone = held.gone, told = held.told,
      expires_at = moment + least(ttl_ms, 3600000) * interval '1 millisecond'
    where l.token = held.token;
  end if;
  -- A parent that is due since now lies before the watermark.
  due_in_ms := case when baton.settle_families(entries, moment) then 0 else baton.next_due(moment, low, 3, coalesce(held.queue, 0::smallint)) end;
  runs := described.runs;
end
$$;
