-- Lets a failed run go on where it stopped, with all its attempts anew; its checkpoints stay.
--
-- request: { redrives?, by? } — which failure is meant: that of a run that has been redriven so
--          often (baton.redrives). If it was redriven since, nothing is done, so that a call sent
--          again does not forgive another failure. Without it, the one it has now. by: who asks,
--          for the audit; default: the login.
-- answer:  { status, redriven, changed, undone? } — status before the call; redriven: this call or
--          an earlier one did it; changed: this one; undone: it cannot, since what it had done was
--          undone, or partly. Null: no such run.
-- Planned for the week of its id: a plan for any id locks the partitions of all weeks.
-- grant: baton_operator
create or replace function baton.redrive(id uuid, request jsonb default '{}') returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
  set plan_cache_mode = force_custom_plan
as $$
declare
  ended text;
  before integer;
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  perform baton.require_id('the run of redrive', id);
  perform baton.require_keys('the request of redrive', request, '{}', '{redrives,by}');
  perform baton.require_kind('the request of redrive', request, 'number', '{redrives}');
  perform baton.require_actor('the request of redrive', request);
  if not baton.lock_run(id) then
    return null;
  end if;
  before := baton.redrives(id);
  select e.status into ended from baton.ending e where e.run_id = redrive.id;
  if ended is distinct from 'failed' or (request ->> 'redrives')::integer <> before then
    return jsonb_build_object('status', coalesce(ended, 'unfinished'),
      'redriven', before >= greatest((request ->> 'redrives')::integer, 1), 'changed', false);
  end if;
  if not baton.forget_undo(id) then
    return jsonb_build_object('status', ended, 'redriven', false, 'changed', false, 'undone', true);
  end if;
  perform baton.revive(id);
  perform baton.settle_families(null, baton.now());
  perform baton.note_action('redrive', redrive.id, request ->> 'by', jsonb_build_object('redrives', before), baton.now());
  return jsonb_build_object('status', 'failed', 'redriven', true, 'changed', true);
end
$$;
