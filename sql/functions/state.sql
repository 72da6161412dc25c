-- The whole state of a run as one JSONB: input, and the output of each step under its path, which
-- for a node of the chain is its name. In a plain chain this is what the next handler sees. Neither
-- plans nor marks of the engine's are in it; a step that was skipped is null.
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
        select 'input' as name, r.input as value union all select c.node, c.output from baton.checkpoint c
        where c.run_id = state.id and strpos(c.node, '~') = 0 and (c.attempt > 0 or c.output = 'null')
      ) as part)
    from baton.run r where r.id = state.id);
end
$$;
