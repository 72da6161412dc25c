-- Everything that is known of one run, or null: facts for the answer to a GET, in the words of the tables.
--
-- answer: { id, workflow, version, priority, input, created_at, status, error, finished_at, run_at, blocked, redrives, crashes, retrying,
--           checkpoints: [{ node, position, attempt, started_at, finished_at, output }],
--           failures: [{ node, attempt, started_at, finished_at, retry_at, error }] }, in order; moment: the database's time.
-- grant: baton_reader, baton_operator
create or replace function baton.find_run(id uuid) returns jsonb
language sql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
as $$
  select jsonb_build_object('id', r.id, 'workflow', r.workflow, 'version', r.version, 'priority', r.priority, 'input', r.input,
    'created_at', r.created_at, 'moment', clock.moment, 'status', baton.status_of(r.id, clock.moment),
    'error', e.error, 'finished_at', e.at, 'run_at', q.run_at, 'blocked', b.reason,
    'redrives', (select count(*) from baton.redrive d where d.run_id = find_run.id),
    'crashes', (select count(*) from baton.failure f where f.run_id = find_run.id and f.node = ''),
    'checkpoints', coalesce((
      select jsonb_agg(to_jsonb(c) - 'run_id' order by c.position) from baton.checkpoint c where c.run_id = find_run.id), '[]'),
    'failures', coalesce((
      select jsonb_agg(to_jsonb(f) - 'run_id' order by f.attempt)
      from baton.failure f where f.run_id = find_run.id and f.node <> ''), '[]'))
  from baton.run r
  cross join (select baton.now() as moment) as clock
  left join baton.ending e on e.run_id = find_run.id
  left join baton.ready q on q.run_id = find_run.id
  left join baton.blocked b on b.run_id = find_run.id
  where r.id = find_run.id
$$;
