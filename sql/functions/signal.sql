-- Sends a message to a run, which a node of it takes that waits for its name, now or later: each is
-- taken once, the oldest of a name first. May be called in a transaction of the caller's; what it
-- stores comes to be with that.
-- Sent by a business key, it goes to the run that waits by that key or did. Where nobody owns the
-- key, it is kept for 7 days, for the first run that waits by it.
--
-- request: { run | workflow, key, name, body, id?, refused?, checked? } — id: makes a repeat
--          harmless for 7 days; refused: [{ workflow, version }] whose runs do not take it, as the
--          caller's code knows; checked: the caller has seen to it that JavaScript gives the body
--          back as it is.
-- answer:  { status, woken, workflow?, version?, run? } — accepted; repeated: this id was accepted
--          before; unknown: there is no such run; ended: it is over; refused: it is one of those;
--          full: it, or the key that nobody owns, has 1,000 messages, or 1 MiB, that no node has
--          taken. But for accepted nothing is stored. woken: the run is due now, because it waits
--          for this; run: who owns the key, or null.
-- raises:  BT011 the id was used with another message, BT040 another shape, BT050 a body over 64
--          KiB of text, BT051 one that JavaScript would not give back as it is.
-- The key's owner is looked for once no poller can change it any more. One that was deleted since
-- owns nothing.
-- grant: baton_producer, baton_signaller, baton_operator, baton_poller
create or replace function baton.signal(request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
  set plan_cache_mode = force_custom_plan
as $$
declare
  owner uuid;
  answer jsonb;
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  perform baton.check_signal(request);
  if not request ? 'key' then
    return baton.deliver_signal((request ->> 'run')::uuid, request);
  end if;
  perform pg_advisory_xact_lock_shared(baton.key_lock(request ->> 'workflow', request ->> 'name', request ->> 'key'));
  owner := baton.find_owner(request ->> 'workflow', request ->> 'name', request ->> 'key', baton.now());
  if owner is not null then
    answer := baton.deliver_signal(owner, request);
  end if;
  if coalesce(answer ->> 'status', 'unknown') = 'unknown' then
    owner := null;
    answer := baton.keep_unclaimed(request);
  end if;
  return answer || jsonb_build_object('run', owner);
end
$$;
