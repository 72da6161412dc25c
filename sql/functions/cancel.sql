-- Asks a run to stop. Parked, it is cancelled at once; in a lease, by the next round (its poller aborts the step).
-- answer: { status } — cancelled, cancelling, or the ending it has already; null when there is no such run.
-- The request is written first and the place looked at second: whoever moves the run in between sees the request.
-- grant: baton_operator
create or replace function baton.cancel(id uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set enable_seqscan = off
as $$
declare
  moment timestamptz := baton.now();
  ended text;
  parked integer;
begin
  perform baton.require_read_committed();
  if not exists (select from baton.run r where r.id = cancel.id) then
    return null;
  end if;
  select e.status into ended from baton.ending e where e.run_id = cancel.id;
  if found then
    return jsonb_build_object('status', ended);
  end if;
  insert into baton.control (run_id, kind, at) values (cancel.id, 'cancel', moment) on conflict do nothing;
  with unready as (
    delete from baton.ready q where q.run_id = cancel.id returning 1
  ), unblocked as (
    delete from baton.blocked b where b.run_id = cancel.id returning 1
  )
  select count(*) into parked from (select * from unready union all select * from unblocked) as taken;
  if parked > 0 then
    perform baton.end_runs(array[cancel.id], 'cancelled', null, true, moment);
    return jsonb_build_object('status', 'cancelled');
  end if;
  return jsonb_build_object('status', 'cancelling');
end
$$;
