-- Says what follows the endings of the workflows of a deployment, which may be nothing; what was
-- said of others stays, since their runs may go on. Endings from its commit on follow it.
--
-- request: { manifest: [{ name, version, shape?, hooks?: { failed?, ended? } }] } — each hook is {
--          name, version } of the workflow that is started.
-- answer:  { changed } — of how many workflows something else was stored.
-- A workflow that has no hooks any more keeps a row that says so: without it a poller of before
-- would add them again.
-- grant: baton_migrator
create or replace function baton.replace_hooks(request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC'
as $$
declare
  changed integer;
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  perform baton.require_keys('the request of replace_hooks', request, '{manifest}', '{manifest}');
  perform baton.require_rows('the manifest of replace_hooks', request -> 'manifest', '{name,version}', '{shape,skips,waits,hooks}');
  perform baton.check_hooks(request -> 'manifest');
  insert into baton.workflow as w (name, version, when_failed, when_ended, since)
  select h.name, h.version, h.failed, h.ended, baton.now()
  from baton.list_hooks(request -> 'manifest') as h
  where coalesce(h.failed, h.ended) is not null
    or exists (select from baton.workflow w where w.name = h.name and w.version = h.version)
  order by h.name, h.version
  on conflict (name, version) do update set when_failed = excluded.when_failed, when_ended = excluded.when_ended, since = excluded.since
    where (w.when_failed, w.when_ended) is distinct from (excluded.when_failed, excluded.when_ended);
  get diagnostics changed = row_count;
  return jsonb_build_object('changed', changed);
end
$$;
