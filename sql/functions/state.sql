-- The whole state of a run as one JSONB, exactly what its next handler sees: input and each node's
-- output under its name.
-- By way of json: jsonb_object_agg takes a time that grows with the square of the elements in the
-- outputs.
-- Planned for the week of its id: a plan for any id locks the partitions of all weeks.
-- grant: baton_reader, baton_operator
create or replace function baton.state(id uuid) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, baton, pg_temp set enable_seqscan = off
  set plan_cache_mode = force_custom_plan
as $$
begin
  return (
    select (
      select json_object_agg(part.name, part.value)::jsonb
      from (
        select 'input' as name, r.input as value union all select c.node, c.output from baton.checkpoint c where c.run_id = state.id
      ) as part)
    from baton.run r where r.id = state.id);
end
$$;
