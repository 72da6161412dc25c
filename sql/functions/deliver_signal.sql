-- Stores a message for a run, and makes it due where it waits for that; answers as signal does.
-- A run is woken by a statement of its own: the snapshot of the one before is older than the lock,
-- and may not have the row that a poller has just put there.
create or replace function baton.deliver_signal(of_run uuid, request jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  mail record;
  moment timestamptz;
  place record;
  woken boolean;
begin
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
    delete from baton.dedup d where d.workflow = place.workflow and d.scope = 'signal' and d.key = baton.signal_id(request);
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
