-- Everything that is known of one run, or null: facts for the answer to a GET, in the words of the
-- tables.
--
-- answer: { id, workflow, version, priority, input, attributes, created_at, status, error,
--         finished_at, run_at, blocked, redrives, crashes,
--           checkpoints: [{ node, position, attempt, started_at, finished_at, output }],
--           failures: [{ node, attempt, started_at, finished_at, retry_at, error }] }, in order;
--           moment: the database's time. As json: to build 4 MB of arrays of texts takes jsonb half
--           a minute, and json 80 ms.
-- Errors are whole in the newest 20 failures; before them names and the first 200 characters, or
-- thousands would outgrow an answer. Planned for the week of its id: a plan for any id locks the
-- partitions of all weeks.
-- grant: baton_reader, baton_operator
create or replace function baton.find_run(id uuid) returns json
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
  set plan_cache_mode = force_custom_plan
as $$
begin
  return (
    select json_build_object('id', r.id, 'workflow', r.workflow, 'version', r.version, 'priority', r.priority, 'input', r.input,
      'attributes', (select a.attributes from baton.attribute a where a.run_id = find_run.id),
      'created_at', r.created_at, 'moment', clock.moment, 'status', coalesce(e.status, baton.place_status(r.id, clock.moment)),
      'error', e.error, 'finished_at', e.at, 'run_at', q.run_at, 'blocked', b.reason,
      'redrives', (select count(*) from baton.redrive d where d.run_id = find_run.id),
      'crashes', (select count(*) from baton.failure f where f.run_id = find_run.id and f.node = ''),
      'checkpoints', coalesce((
        select json_agg(json_build_object('node', c.node, 'position', c.position, 'attempt', c.attempt, 'started_at', c.started_at,
          'finished_at', c.finished_at, 'output', c.output) order by c.position)
        from baton.checkpoint c where c.run_id = find_run.id), '[]'),
      'failures', coalesce((
        select json_agg(json_build_object('node', f.node, 'attempt', f.attempt, 'started_at', f.started_at, 'finished_at', f.finished_at,
          'retry_at', f.retry_at, 'error', case when f.newer > 20
            then jsonb_build_object('name', f.error ->> 'name', 'message', left(f.error ->> 'message', 200)) else f.error end) order by f.attempt)
        from (
          select *, row_number() over (order by finished_at desc) as newer
          from baton.failure where run_id = find_run.id and node <> ''
        ) as f), '[]'))
    from baton.run r
    cross join (select baton.now() as moment) as clock
    left join baton.ending e on e.run_id = find_run.id
    left join baton.ready q on q.run_id = find_run.id
    left join baton.blocked b on b.run_id = find_run.id
    where r.id = find_run.id);
end
$$;
