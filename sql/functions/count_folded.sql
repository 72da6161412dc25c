-- Up to which item of a map what they came to is stored. Planned for the week of its run.
create or replace function baton.count_folded(parent uuid, path text) returns integer
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
begin
  return coalesce((
    select (c.output ->> 'to')::integer from baton.checkpoint c
    where c.run_id = parent and c.node > count_folded.path || '/~fold/' and c.node < count_folded.path || '/~fold0'
    order by c.node desc limit 1), 0);
end
$$;
