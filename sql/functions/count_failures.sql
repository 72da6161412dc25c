-- How many failed attempts runs have, by run and node; null when there are none. The ids lie
-- between lowest and highest.
-- The ids are hidden from the plan, as in describe_members.
create or replace function baton.count_failures(ids uuid[], lowest uuid, highest uuid) returns json
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
begin
  return (
    select json_object_agg(run_id, counts)
    from (
      select run_id, json_object_agg(node, attempts) as counts
      from (
        select run_id, node, count(*) as attempts
        from baton.failure where run_id = any (array(select unnest(ids))) and run_id between lowest and highest and node <> '' group by run_id, node
      ) as of_node
      group by run_id
    ) as of_run);
end
$$;
