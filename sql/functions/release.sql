-- Ends a lease: its members go back to ready, nothing counted against them. A lease that is gone is
-- a success too.
-- Only after the last round is settled: a round that arrives later is fenced.
-- grant: baton_poller
create or replace function baton.release(token uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
as $$
declare
  held baton.lease;
  ids uuid[];
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  perform baton.require_id('the token of release', token);
  delete from baton.lease l where l.token = release.token returning * into held;
  if found then
    ids := (baton.list_members(held.run_ids, held.gone)).ids;
    perform baton.return_members(held, coalesce(ids, '{}'), baton.now());
  end if;
  return jsonb_build_object('released', coalesce(cardinality(ids), 0));
end
$$;
