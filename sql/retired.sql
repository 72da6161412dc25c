-- Drops functions of earlier versions whose arguments or type have changed, which cannot be done in
-- place. In the transaction that makes the present ones, so that no call ever finds none. It must
-- not match a present one: each deployment would drop it, and the calls that are in it at that
-- moment would be refused.
drop function if exists baton.describe_runs(uuid[], integer[], boolean[]), baton.append_checkpoints(baton.lease, jsonb, timestamptz),
  baton.end_runs(uuid[], text, jsonb[], timestamptz), baton.end_members(baton.lease, jsonb, text, uuid[], timestamptz),
  baton.store_runs(jsonb, timestamptz), baton.store_runs(jsonb, jsonb, boolean, timestamptz), baton.remember_runs(jsonb, timestamptz),
  baton.check_enqueue(jsonb), baton.check_runs(jsonb), baton.runs_as_columns(jsonb), baton.attributes_as_column(jsonb),
  baton.describe_runs(uuid[], integer[], uuid[]), baton.fill_lease(baton.lease, jsonb, timestamptz, integer), baton.take_batch(jsonb, timestamptz),
  baton.take_ready(integer, integer, bigint, boolean, timestamptz, timestamptz), baton.take_suspects(timestamptz), baton.take_unblocked(jsonb, timestamptz),
  baton.cancel(uuid), baton.redrive(uuid), baton.status_of(uuid, timestamptz), baton.refuse_unfaithful(jsonb),
  baton.list_ids(text, text, uuid, integer, timestamptz), baton.put_back(uuid[], timestamptz[], integer), baton.gather_outputs(uuid[], uuid, uuid),
  baton.count_failures(uuid[], uuid, uuid), baton.describe_members(uuid[], integer[], uuid[]), baton.repeat_claim(baton.lease, jsonb), baton.append_sleeps(baton.lease, jsonb, uuid[], timestamptz),
  baton.repeat_round(baton.lease, boolean, jsonb), baton.find_late(baton.lease, jsonb, timestamptz),
  baton.take_ready(integer, integer, bigint, boolean, timestamptz, timestamptz, integer), baton.take_suspects(timestamptz, integer),
  baton.fail_oversized(tid[], integer[], timestamptz), baton.put_back(uuid[], timestamptz[], integer, integer[]),
  baton.next_due(timestamptz, jsonb, integer), baton.take_batch(jsonb, timestamptz, integer), baton.take_suspects(jsonb, timestamptz, integer);

-- Those with the same arguments as now, told by what they answer or by the name of one; and the
-- parts of the calls that have another name now, whatever their arguments. A call that misses one
-- of them at this moment is rolled back, and its caller asks again.
do $$
declare
  former regprocedure;
begin
  for former in
    select p.oid from pg_proc p
    where p.pronamespace = 'baton'::regnamespace and (
      (p.proname in ('claim', 'advance') and p.prorettype = 'jsonb'::regtype)
      or (p.proname = 'find_run' and p.prorettype = 'jsonb'::regtype)
      or (p.proname = 'crash_members' and p.prorettype = 'void'::regtype)
      or (p.proname = 'stop_members' and p.prorettype = 'uuid[]'::regtype)
      or (p.proname = 'reap_leases' and p.prorettype = 'integer'::regtype)
      or (p.proname = 'refuse_foreign_ids' and 'request' = any (p.proargnames))
      or (p.proname in ('list_names', 'list_names_of_week') and 'version' <> all (p.proargnames))
      or (p.proname = 'repeat_round' and 'family' <> all (p.proargnames))
      or (p.proname = 'refill_lease' and 'entries' <> all (p.proargnames))
      or (p.proname = 'count_runs' and 'status' = any (p.proargnames))
      or (p.proname = 'gather_steps' and 'room' <> all (p.proargnames))
      or p.proname in ('claimed_again', 'columns_of', 'digits_of', 'drop_oversized', 'due_again', 'ended_among', 'failures_of', 'few_ready', 'fitting',
        'forgiven_of', 'free_places', 'is_member', 'listed_ids', 'live_members', 'outputs_of', 'place_of', 'pointer_to', 'present_among',
        'progressed_among', 'replayed', 'runs_to_stop', 'stopped_among', 'stored_among', 'tell_runs', 'time_of', 'without',
        'explain_ending', 'undo_parked'))
  loop
    execute format('drop function %s', former);
  end loop;
end
$$;
