-- Claims more runs into the free places of a lease and writes the lease: its one update in such a round.
-- A run keeps its place for as long as it is a member, so the poller's numbers stay true.
create or replace function baton.fill_lease(held baton.lease, request jsonb, moment timestamptz, ttl_ms integer) returns jsonb
language plpgsql volatile
as $$
declare
  got record := baton.take_batch(request, moment);
  free integer[];
  places integer[] := '{}';
  size integer := length(held.gone);
begin
  if got.ids is not null then
    free := array(select p from generate_series(0, size - 1) as p where get_bit(held.gone, p) = 1 order by p limit cardinality(got.ids));
    places := free || array(select generate_series(size, size + cardinality(got.ids) - cardinality(free) - 1));
    held.gone := held.gone || repeat('0', cardinality(got.ids) - cardinality(free))::varbit;
    held.fresh := repeat('0', length(held.gone))::varbit;
    for i in 1 .. cardinality(places) loop
      held.run_ids[places[i] + 1] := got.ids[i];
      held.gone := set_bit(held.gone, places[i], 0);
      held.fresh := set_bit(held.fresh, places[i], 1);
    end loop;
    update baton.lease l set round = held.round, gone = held.gone, told = held.told, run_ids = held.run_ids,
      fresh = held.fresh, fresh_round = held.round, expires_at = moment + ttl_ms * interval '1 millisecond'
    where l.token = held.token;
  else
    update baton.lease l set round = held.round, gone = held.gone, told = held.told,
      expires_at = moment + ttl_ms * interval '1 millisecond'
    where l.token = held.token;
  end if;
  return jsonb_build_object('low', got.low, 'due_in_ms', baton.next_due(moment, got.low),
    'runs', baton.describe_runs(got.ids, places, got.begun));
end
$$;
