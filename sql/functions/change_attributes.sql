-- Changes the attributes of a run, whatever its status: key by key at the top level, and null takes
-- a key away.
--
-- request: { patch, checked?, by? } — patch: an object; checked: the caller has seen to it that
--          JavaScript gives it back as it is; by: who asks, for the audit; default: the login.
-- answer:  { attributes, changed } — as they are now; changed: by this call, so a repeat says no.
--          Null: there is no such run.
-- raises:  BT053 they would be more than 2 KiB of text, with the bytes as detail; BT051 as for
--          enqueue.
-- Of two changes of one key the one that comes last holds: a poller that stores what a step has set
-- does not wait for this lock on the run.
-- grant: baton_operator
create or replace function baton.change_attributes(id uuid, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
  set plan_cache_mode = force_custom_plan
as $$
declare
  came record;
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  perform baton.require_id('the run of change_attributes', id);
  perform baton.require_keys('the request of change_attributes', request, '{patch}', '{patch,checked,by}');
  perform baton.require_kind('the request of change_attributes', request, 'object', '{patch}');
  perform baton.require_actor('the request of change_attributes', request);
  if request -> 'checked' is distinct from 'true' then
    perform baton.refuse_unfaithful(jsonb_build_array(request -> 'patch'), 'the patch');
  end if;
  if not baton.lock_run(id) then
    return null;
  end if;
  came := baton.patch_attributes(id, request -> 'patch');
  if came.bytes > 2048 then
    raise exception 'the attributes of run % would be % bytes of JSON as the database writes it, more than 2048', id, came.bytes
      using errcode = 'BT053', detail = came.bytes, hint = 'Keep in them what the run is found by; null takes a key away.';
  end if;
  if came.changed then
    perform baton.note_action('change attributes', id, request ->> 'by',
      jsonb_build_object('keys', array(select jsonb_object_keys(request -> 'patch') order by 1)), baton.now());
  end if;
  return jsonb_build_object('attributes', came.patched, 'changed', came.changed);
end
$$;
