-- Runs given as objects, as one array for each column, but for those whose idempotency key stands
-- for another run (known). Attributes only where a run has some, so that nobody looks for them.
-- By way of json: jsonb_agg takes a time that grows with the square of the elements in the inputs.
create or replace function baton.runs_as_columns(runs jsonb) returns jsonb
language sql immutable
as $$
  select json_build_object('id', coalesce(json_agg(run -> 'id' order by nth), '[]'),
    'workflow', coalesce(json_agg(run -> 'workflow' order by nth), '[]'), 'version', coalesce(json_agg(run -> 'version' order by nth), '[]'),
    'priority', coalesce(json_agg(run -> 'priority' order by nth), '[]'), 'input', coalesce(json_agg(run -> 'input' order by nth), '[]'),
    'run_at', coalesce(json_agg(run -> 'run_at' order by nth), '[]'), 'delay_ms', coalesce(json_agg(run -> 'delay_ms' order by nth), '[]'))::jsonb
    || case when runs @? '$[*].attributes' then baton.attributes_as_column(runs) else '{}' end
  from jsonb_array_elements(runs) with ordinality as r (run, nth)
  where coalesce((run ->> 'known')::uuid = (run ->> 'id')::uuid, true)
$$;
