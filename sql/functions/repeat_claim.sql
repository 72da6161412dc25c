-- The answer of a claim that was made before: the live members of its lease.
create or replace function baton.repeat_claim(held baton.lease, low jsonb, manifest jsonb) returns json
language plpgsql stable
as $$
declare
  moment timestamptz := baton.now();
  members record := baton.list_members(held.run_ids, held.gone);
begin
  return json_build_object('now', moment, 'round', held.round, 'low', low, 'stopped', '{}'::uuid[], 'suspects', false,
    'due_in_ms', baton.next_due(moment, low, 3, coalesce(held.queue, 0::smallint)), 'runs', (baton.describe_members(members.ids, members.slots, members.ids, manifest)).runs);
end
$$;
