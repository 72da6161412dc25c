-- Ended runs of one week as lines of an archive, each a JSON text without a line break in it; the
-- same rows give the same text. Runs that have not ended have none. docs/database.md says what is
-- in a line.
-- Planned for the week of the ids: a plan for any id reads the partitions of all weeks. As json,
-- which keeps the order of its keys.
create or replace function baton.format_runs(ids uuid[]) returns table (run_id uuid, line text)
language plpgsql stable set plan_cache_mode = force_custom_plan set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  first uuid := (select min(id::text)::uuid from unnest(ids) as id);
  last uuid := (select max(id::text)::uuid from unnest(ids) as id);
begin
  return query
  select r.id, json_build_object('id', r.id, 'workflow', r.workflow, 'version', r.version, 'priority', r.priority,
    'status', e.status, 'createdAt', r.created_at, 'startAt', r.start_at, 'endedAt', e.at, 'input', r.input,
    'attributes', (select a.attributes from baton.attribute a where a.run_id = r.id and a.run_id between first and last),
    'error', e.error,
    'steps', coalesce((
      select json_agg(json_build_object('node', c.node, 'position', c.position, 'attempt', c.attempt, 'startedAt', c.started_at,
        'finishedAt', c.finished_at, 'output', c.output) order by c.position, c.node)
      from baton.checkpoint c where c.run_id = r.id and c.run_id between first and last), '[]'),
    'failures', coalesce((
      select json_agg(json_build_object('node', f.node, 'attempt', f.attempt, 'startedAt', f.started_at, 'finishedAt', f.finished_at,
        'retryAt', f.retry_at, 'error', f.error) order by f.finished_at, f.node, f.attempt)
      from baton.failure f where f.run_id = r.id and f.run_id between first and last), '[]'),
    'redrives', coalesce((
      select json_agg(json_build_object('at', d.at, 'forgiven', d.forgiven) order by d.at)
      from baton.redrive d where d.run_id = r.id), '[]'))::text
  from baton.run r
  join baton.ending e on e.run_id = r.id and e.run_id between first and last
  where r.id = any (ids) and r.id between first and last;
end
$$;
