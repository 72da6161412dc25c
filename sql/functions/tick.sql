-- What must happen although nobody asks: expired leases are reaped, stops that a race left are
-- applied, children of parents that ended are stopped, runs that nobody could claim are failed,
-- partitions are made ahead, idempotency keys are forgotten after their time, messages that no run
-- has claimed within 7 days are deleted, what a clock that was set back would keep waiting is set
-- right, and what was stored in the last minute is added to rollup.
-- Once a minute is enough; twice at once is harmless. Whatever one run is like, the others are
-- served.
--
-- answer: { now, crashed, poisoned, stopped, low, oldest_ms, suspects, due_in_ms,
--         lease_expires_in_ms, expired_signals, unclaimed_ms, queues? } — low is a new watermark:
--         it finds
-- rows that committed late; poisoned: runs that were failed, or whose place was removed, so that
-- the others go on; oldest_ms: how long the oldest due run has been due, 0 when none is;
-- expired_signals: how many such messages were deleted; unclaimed_ms: how long the oldest that is
-- left has been there, null when there is none; queues: as describe_queues says. What is
--         said beside these of what is due, of suspects and of leases is of the default queue;
--         low, crashed, poisoned and stopped are of all.
-- grant: baton_poller
create or replace function baton.tick() returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
as $$
declare
  moment timestamptz := baton.now();
  reaped record;
  stopped integer;
  unlawful integer;
  expired integer;
  low jsonb;
  queues jsonb;
  oldest timestamptz;
begin
  perform baton.require_read_committed();
  perform baton.heal_clock(moment);
  perform baton.ensure_partitions();
  reaped := baton.reap_leases(moment);
  stopped := baton.stop_parked(moment);
  stopped := stopped + baton.stop_noted(moment);
  unlawful := baton.end_unlawful(moment);
  perform baton.forget_keys(1000, moment);
  perform baton.cut_keys(1000, moment);
  expired := baton.expire_unclaimed(100, moment);
  begin
    perform baton.roll_up(32, moment);
  exception
    -- It only counts: nobody is served later for it. The maintenance fails by the same and tells.
    when others then
      raise warning 'baton.roll_up failed, and the next tick tries again: % (%)', sqlerrm, sqlstate;
  end;
  perform baton.settle_families(null, moment);
  perform baton.wake_noted(moment);
  select coalesce(jsonb_object_agg(b.band, least(first.run_at, moment - interval '5 seconds')), '{}'), nullif(min(first.run_at) filter (where b.band < 16), '-infinity') into low, oldest
  from baton.list_bands() as b (band)
  cross join lateral (select q.run_at from baton.ready q where q.band = b.band order by q.run_at limit 1) as first
  where b.band % 16 <= 3;
  queues := baton.describe_queues(moment, low);
  return jsonb_build_object('now', moment, 'crashed', reaped.crashed, 'poisoned', reaped.poisoned + unlawful, 'stopped', stopped, 'low', low, 'expired_signals', expired,
    'oldest_ms', coalesce(ceil(extract(epoch from greatest(moment - oldest, interval '0')) * 1000), 0),
    'unclaimed_ms', (select ceil(extract(epoch from greatest(moment, min(u.at)) - min(u.at)) * 1000) from baton.unclaimed u),
    'suspects', exists (select from baton.ready q where q.band between 4 and 8 and q.run_at <= moment), 'due_in_ms', baton.next_due(moment, low, 8),
    'lease_expires_in_ms', (select ceil(extract(epoch from min(greatest(expires_at, moment)) - moment) * 1000) from baton.lease where queue is null))
    || case when queues is null then '{}' else jsonb_build_object('queues', queues) end;
end
$$;
