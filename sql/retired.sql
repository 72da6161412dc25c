-- Drops functions of earlier versions whose arguments or type have changed, which cannot be done in place. In the transaction that
-- makes the present ones, so that no call ever finds none.
drop function if exists baton.claim(uuid, jsonb), baton.advance(uuid, integer, jsonb), baton.claimed_again(baton.lease, jsonb),
  baton.replayed(baton.lease, boolean, jsonb), baton.fill_lease(baton.lease, jsonb, timestamptz, integer),
  baton.describe_runs(uuid[], integer[], boolean[]), baton.take_batch(jsonb, timestamptz), baton.take_suspects(timestamptz),
  baton.take_unblocked(jsonb, timestamptz), baton.take_ready(integer, integer, bigint, boolean, timestamptz, timestamptz),
  baton.append_checkpoints(baton.lease, jsonb, timestamptz), baton.end_runs(uuid[], text, jsonb[], timestamptz),
  baton.end_members(baton.lease, jsonb, text, uuid[], timestamptz), baton.store_runs(jsonb, timestamptz),
  baton.refuse_foreign_ids(jsonb, timestamptz), baton.outputs_of(uuid[]), baton.failures_of(uuid[]);
