-- Runs given as objects, as one array for each column, but for those whose idempotency key stands for another run (known).
create or replace function baton.columns_of(runs jsonb) returns jsonb
language sql immutable
as $$
  select jsonb_build_object('id', coalesce(jsonb_agg(run -> 'id' order by nth), '[]'),
    'workflow', coalesce(jsonb_agg(run -> 'workflow' order by nth), '[]'), 'version', coalesce(jsonb_agg(run -> 'version' order by nth), '[]'),
    'priority', coalesce(jsonb_agg(run -> 'priority' order by nth), '[]'), 'input', coalesce(jsonb_agg(run -> 'input' order by nth), '[]'),
    'run_at', coalesce(jsonb_agg(run -> 'run_at' order by nth), '[]'), 'delay_ms', coalesce(jsonb_agg(run -> 'delay_ms' order by nth), '[]'))
  from jsonb_array_elements(runs) with ordinality as r (run, nth)
  where coalesce((run ->> 'known')::uuid = (run ->> 'id')::uuid, true)
$$;
