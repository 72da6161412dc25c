-- Asks a run to stop. Parked, it is cancelled at once; in a lease, by the next round (its poller
-- aborts the step).
--
-- request: { redrives?, by?, undo? } — how often the run had been redriven when the caller looked
--          at it (baton.redrives). One that was redriven since is left alone, so that a copy that
--          comes late does not stop what somebody let go on. Without it, the run as it is. by: who
--          asks, for the audit; default: the login. undo: what it has done is undone before it
--          ends.
-- answer:  { status, undoing?, nudge? } — cancelled, cancelling, the ending it has already, or the
--          status of one that was left alone; undoing: since it is being undone; nudge: wake a
--          poller, since a run that follows the ending is due; null when there is no such run.
-- The request is written first and the place looked at second: a call that moves the run in between
-- sees the request. The clock is read after everything that may wait, or others would have stored
-- steps after the ending.
-- Planned for the week of its id: a plan for any id locks the partitions of all weeks.
-- grant: baton_operator
create or replace function baton.cancel(id uuid, request jsonb default '{}') returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
  set plan_cache_mode = force_custom_plan
as $$
declare
  ended text;
  asked boolean;
  parked boolean;
  with_undo boolean := coalesce((request ->> 'undo')::boolean, false);
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  perform baton.require_id('the run of cancel', id);
  perform baton.require_keys('the request of cancel', request, '{}', '{redrives,by,undo}');
  perform baton.require_kind('the request of cancel', request, 'number', '{redrives}');
  perform baton.require_kind('the request of cancel', request, 'boolean', '{undo}');
  perform baton.require_actor('the request of cancel', request);
  if not baton.lock_run(id) then
    return null;
  end if;
  select e.status into ended from baton.ending e where e.run_id = cancel.id;
  if found then
    return jsonb_build_object('status', ended);
  end if;
  if (request ->> 'redrives')::integer <> baton.redrives(id) then
    return jsonb_build_object('status', (
      select coalesce((select e.status from baton.ending e where e.run_id = cancel.id), baton.place_status(id, baton.now()))));
  end if;
  insert into baton.control (run_id, kind, at, undo) values (cancel.id, 'cancel', baton.now(), with_undo) on conflict do nothing;
  asked := found;
  if asked then
    -- A stop of before may have been applied since the look above: then this is a copy of it.
    select e.status into ended from baton.ending e where e.run_id = cancel.id;
    if found then
      delete from baton.control c where c.run_id = cancel.id;
      return jsonb_build_object('status', ended);
    end if;
  end if;
  if with_undo and not asked then
    update baton.control c set undo = true where c.run_id = cancel.id and not c.undo;
  end if;
  parked := baton.take_parked(array[cancel.id]) <> '{}';
  if baton.runs_with_verdict(array[cancel.id]) <> '{}' then
    delete from baton.control c where c.run_id = cancel.id;
    return jsonb_build_object('status', coalesce((select e.status from baton.ending e where e.run_id = cancel.id), baton.place_status(id, baton.now())),
      'undoing', true);
  end if;
  if parked and with_undo then
    perform baton.begin_undo(array[cancel.id], 'cancelled', null, baton.now());
  elsif parked then
    perform baton.end_runs(array[cancel.id], 'cancelled', null, true, baton.now());
    perform baton.settle_families(null, baton.now());
  end if;
  -- Who asks again for a stop that is not applied yet has changed nothing.
  if asked then
    perform baton.note_action('cancel', cancel.id, request ->> 'by', jsonb_build_object('redrives', baton.redrives(id)) || case when with_undo then '{"undo": true}' else '{}' end::jsonb, baton.now());
  end if;
  return jsonb_build_object('status', case when parked and not with_undo then 'cancelled' else 'cancelling' end)
    || case when parked and exists (select from baton.hook_run h where h.run_id = cancel.id) then '{"nudge": true}' else '{}' end::jsonb;
end
$$;
