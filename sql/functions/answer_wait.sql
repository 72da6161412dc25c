-- Answers an approval or a callback of a run, for who has its token; the caller has verified it.
-- The first answer counts. It is a message to the run, under a name of the node's own, so what is
-- true of signals is true of it: it may come before the run waits, and no timeout beats it.
--
-- request: { run, path, name, body?, generation?, attempt?, look?, replaces? } — path: of the node;
--          name: of the message, such as sign-off/~decision/00000; generation: how often the run
--          was redriven when it was asked; attempt: of the node, when it was asked; look: store
--          nothing; replaces: it takes the place of the last of its name, and wakes nobody.
-- answer:  { status, woken, workflow?, version?, ended? } — accepted; repeated: the same was
--          accepted before; answered: another was; superseded: a redrive or a later attempt asks
--          anew; ended: the run is over, and how; unknown: there is no such run; full: it has 1,000
--          messages, or 1 MiB, that no node has taken. But for accepted nothing is stored.
-- raises:  BT040 another shape, BT050 a body over 64 KiB of text, BT051 one that JavaScript would
--          not give back as it is.
-- grant: baton_signaller, baton_operator, baton_poller
create or replace function baton.answer_wait(request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
  set plan_cache_mode = force_custom_plan
as $$
declare
  of_run uuid;
  mail record;
  moment timestamptz;
  about jsonb;
  refused text;
  woken boolean := false;
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  perform baton.check_answer(request);
  perform baton.refuse_unfaithful(jsonb_build_array(request -> 'body'), 'the body of the answer');
  of_run := (request ->> 'run')::uuid;
  if request -> 'look' is distinct from 'true' then
    mail := baton.lock_mail(of_run);
  end if;
  moment := baton.now();
  select jsonb_strip_nulls(jsonb_build_object('workflow', r.workflow, 'version', r.version, 'ended', e.status)) into about
  from baton.run r left join baton.ending e on e.run_id = r.id where r.id = of_run;
  if about is null then
    return jsonb_build_object('status', 'unknown', 'woken', false);
  end if;
  refused := baton.refuse_answer(request, of_run);
  if refused is null and request -> 'look' is distinct from 'true'
    and (select count(*) >= 1000 or coalesce(sum(octet_length(m.body::text)), 0) >= 1048576 from baton.message m where m.run_id = of_run) then
    refused := 'full';
  end if;
  if refused is not null or request -> 'look' = 'true' then
    return jsonb_build_object('status', coalesce(refused, 'accepted'), 'woken', false) || about;
  end if;
  if request -> 'replaces' = 'true' then
    delete from baton.message m where m.run_id = of_run and m.name = request ->> 'name';
  end if;
  insert into baton.message (run_id, name, body, at) values (of_run, request ->> 'name', coalesce(request -> 'body', 'null'), moment);
  -- A statement of its own, as in signal.
  if request -> 'replaces' is distinct from 'true' and request ->> 'name' = any (mail.names) then
    update baton.ready q set run_at = moment where q.run_id = of_run and q.run_at > moment;
    woken := found;
  end if;
  return jsonb_build_object('status', 'accepted', 'woken', woken) || about;
end
$$;
