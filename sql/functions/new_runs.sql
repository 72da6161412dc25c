-- Of runs given as objects, those that are not there yet, as one array for each column. known: the run that an idempotency key
-- stands for, which may be another.
create or replace function baton.new_runs(runs jsonb) returns jsonb
language sql volatile
as $$
  select jsonb_build_object('id', coalesce(jsonb_agg(run -> 'id' order by nth), '[]'),
    'workflow', coalesce(jsonb_agg(run -> 'workflow' order by nth), '[]'), 'version', coalesce(jsonb_agg(run -> 'version' order by nth), '[]'),
    'priority', coalesce(jsonb_agg(run -> 'priority' order by nth), '[]'), 'input', coalesce(jsonb_agg(run -> 'input' order by nth), '[]'),
    'run_at', coalesce(jsonb_agg(run -> 'run_at' order by nth), '[]'), 'delay_ms', coalesce(jsonb_agg(run -> 'delay_ms' order by nth), '[]'))
  from jsonb_array_elements(runs) with ordinality as r (run, nth)
  cross join lateral (select count(*) as n from baton.run where id = (r.run ->> 'id')::uuid) as k
  where coalesce(run ->> 'known', run ->> 'id') = run ->> 'id' and k.n = 0
$$;
