-- The whole state of a run as one JSONB, exactly what its next handler sees: input and each node's output under its name.
-- grant: baton_reader, baton_operator
create or replace function baton.state(id uuid) returns jsonb
language sql stable security definer set search_path = pg_catalog, baton, pg_temp set enable_seqscan = off
as $$
  select jsonb_build_object('input', r.input)
    || coalesce((select jsonb_object_agg(c.node, c.output) from baton.checkpoint c where c.run_id = state.id), '{}')
  from baton.run r where r.id = state.id
$$;
