-- Removes an ended run at once, with all that is stored of it; the audit keeps that it was there.
--
-- request: { by? } — who asks, for the audit; default: the login.
-- answer:  { status, deleted, changed } — its status before; deleted: this call or an earlier one
--          did it; changed: this one. Null: no such run.
-- Planned for the week of its id: a plan for any id locks the partitions of all weeks.
-- grant: baton_operator
create or replace function baton.delete_run(id uuid, request jsonb default '{}') returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
  set plan_cache_mode = force_custom_plan
as $$
declare
  ended text;
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  perform baton.require_id('the run of delete_run', id);
  perform baton.require_keys('the request of delete_run', request, '{}', '{by}');
  perform baton.require_actor('the request of delete_run', request);
  if not baton.lock_run(id) then
    return (
      select jsonb_build_object('status', a.details ->> 'status', 'deleted', true, 'changed', false)
      from baton.audit a where a.run_id = delete_run.id and a.action = 'delete' limit 1);
  end if;
  delete from baton.ending e where e.run_id = delete_run.id returning e.status into ended;
  if ended is null then
    return jsonb_build_object('status', baton.place_status(id, baton.now()), 'deleted', false, 'changed', false);
  end if;
  perform baton.note_action('delete', id, request ->> 'by',
    (select jsonb_build_object('workflow', r.workflow, 'version', r.version, 'status', ended) from baton.run r where r.id = delete_run.id), baton.now());
  perform baton.remove_runs(array[id]);
  return jsonb_build_object('status', ended, 'deleted', true, 'changed', true);
end
$$;
