-- The answer of a round that was applied before, rebuilt: with the runs it claimed, or a lost
-- answer would leave them in a lease that lives and that nobody works on. In a transaction with
-- other statements it must raise instead (BT002).
create or replace function baton.repeat_round(held baton.lease, strictly boolean, claim jsonb, asks jsonb, family jsonb) returns json
language plpgsql stable
as $$
declare
  moment timestamptz := baton.now();
  low jsonb := claim -> 'low';
  claimed_now record;
begin
  if strictly then
    raise exception 'round % of lease % was applied before', held.round, held.token
      using errcode = 'BT002', hint = 'Its statements were committed with it: read this as success.';
  end if;
  if held.fresh_round = held.round then
    claimed_now := baton.list_members(held.run_ids, held.gone, held.fresh);
  else
    claimed_now := baton.list_members('{}', '');
  end if;
  return json_build_object('now', moment, 'round', held.round, 'low', low, 'due_in_ms', baton.next_due(moment, coalesce(low, '{}'), 3, coalesce(held.queue, 0::smallint)),
    'stopped', coalesce(held.told -> 'stopped', '[]'), 'lost', coalesce(held.told -> 'lost', '[]'),
    'left_out', held.told -> 'left_out', 'late', held.told -> 'late', 'applied_at', held.told -> 'applied_at',
    'mail', case when asks is not null then baton.gather_mail(held.run_ids, asks) end,
    'family', case when family is not null then baton.gather_families(held.run_ids, family) end,
    'runs', (baton.describe_members(claimed_now.ids, claimed_now.slots, claimed_now.ids, claim -> 'manifest')).runs);
end
$$;
