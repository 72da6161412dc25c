-- The attributes of the runs of baton.runs_as_columns, for the same runs in the same order.
create or replace function baton.attributes_as_column(runs jsonb) returns jsonb
language sql immutable
as $$
  select json_build_object('attributes', coalesce(json_agg(run -> 'attributes' order by nth), '[]'))::jsonb
  from jsonb_array_elements(runs) with ordinality as r (run, nth)
  where coalesce((run ->> 'known')::uuid = (run ->> 'id')::uuid, true)
$$;
