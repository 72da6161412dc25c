-- A page of runs, newest first, after a cursor: { workflow?, status?, before?: id, limit } gives [{ id, workflow, version, status,
-- created_at, finished_at }]. Pages by key, so that a page costs the same at any depth; a rare status may scan many runs.
-- grant: baton_reader, baton_operator
create or replace function baton.list_runs(request jsonb) returns jsonb
language sql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
as $$
  select coalesce(jsonb_agg(to_jsonb(page) order by page.id desc), '[]')
  from (
    select r.id, r.workflow, r.version, s.status, r.created_at, (select e.at from baton.ending e where e.run_id = r.id) as finished_at
    from (select baton.now() as moment) as clock
    cross join baton.run r
    cross join lateral (select baton.status_of(r.id, clock.moment) as status) as s
    where r.id < coalesce((request ->> 'before')::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
      and (request ->> 'workflow' is null or r.workflow = request ->> 'workflow')
      and (request ->> 'status' is null or s.status = request ->> 'status')
    order by r.id desc
    limit (request ->> 'limit')::integer
  ) as page
$$;
