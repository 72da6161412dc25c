-- Sends a message to a run, which a node of it takes that waits for its name, now or later: each is
-- taken once, the oldest of a name first. May be called in a transaction of the caller's; what it
-- stores comes to be with that.
--
-- request: { run, name, body, id?, refused?, checked? } — id: makes a repeat harmless for 7 days;
--          refused: [{ workflow, version }] whose runs do not take it, as the caller's code knows;
--          checked: the caller has seen to it that JavaScript gives the body back as it is.
-- answer:  { status, woken, workflow?, version? } — accepted; repeated: this id was accepted
--          before; unknown: there is no such run; ended: it is over; refused: it is one of those;
--          full: it has 1,000 messages, or 1 MiB, that no node has taken. But for accepted nothing
--          is stored. woken: the run is due now, because it waits for this.
-- raises:  BT011 the id was used with another message, BT040 another shape, BT050 a body over 64
--          KiB of text, BT051 one that JavaScript would not give back as it is.
-- A run is woken by a statement of its own: the snapshot of the one before is older than the lock,
-- and may not have the row that a poller has just put there.
-- grant: baton_producer, baton_signaller, baton_operator, baton_poller
create or replace function baton.signal(request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
  set plan_cache_mode = force_custom_plan
as $$
declare
  of_run uuid;
  mail record;
  moment timestamptz;
  place record;
  woken boolean;
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  perform baton.check_signal(request);
  of_run := (request ->> 'run')::uuid;
  mail := baton.lock_mail(of_run);
  if not mail.known then
    return jsonb_build_object('status', 'unknown', 'woken', false);
  end if;
  moment := baton.now();
  select r.workflow, r.version, exists (select from baton.ending e where e.run_id = of_run) as is_over into place
  from baton.run r where r.id = of_run;
  if place.is_over then
    return jsonb_build_object('status', 'ended', 'woken', false);
  end if;
  if request -> 'refused' @> jsonb_build_array(jsonb_build_object('workflow', place.workflow, 'version', place.version)) then
    return jsonb_build_object('status', 'refused', 'woken', false, 'workflow', place.workflow, 'version', place.version);
  end if;
  if request ? 'id' and not baton.remember_signal(request, place.workflow, moment) then
    return jsonb_build_object('status', 'repeated', 'woken', false);
  end if;
  if (select count(*) >= 1000 or coalesce(sum(octet_length(m.body::text)), 0) >= 1048576 from baton.message m where m.run_id = of_run) then
    delete from baton.dedup d where d.workflow = place.workflow and d.scope = 'signal' and d.key = of_run || ' ' || (request ->> 'id');
    return jsonb_build_object('status', 'full', 'woken', false);
  end if;
  insert into baton.message (run_id, name, body, at) values (of_run, request ->> 'name', request -> 'body', moment);
  if request ->> 'name' = any (mail.names) then
    update baton.ready q set run_at = moment where q.run_id = of_run and q.run_at > moment;
    woken := found;
  end if;
  return jsonb_build_object('status', 'accepted', 'woken', coalesce(woken, false));
end
$$;
