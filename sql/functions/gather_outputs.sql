-- The outputs of runs, by run and node; null when there are none. The ids lie between lowest and
-- highest, which keeps other weeks out. The ids are hidden from the plan, as in describe_members.
create or replace function baton.gather_outputs(ids uuid[], lowest uuid, highest uuid) returns json
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
begin
  return (
    select json_object_agg(run_id, outputs)
    from (
      select run_id, json_object_agg(node, output) as outputs
      from baton.checkpoint where run_id = any (array(select unnest(ids))) and run_id between lowest and highest group by run_id
    ) as of_run);
end
$$;
