-- Whether a node that awaits children, or runs for its items, is over. Planned for the week of its
-- run.
create or replace function baton.is_over(parent uuid, path text) returns boolean
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
declare
  own jsonb := (select c.output from baton.checkpoint c where c.run_id = parent and c.node = is_over.path);
begin
  return own is not null and (
    not exists (select from baton.awaited a where a.parent_id = parent and a.path = is_over.path and a.tolerated is not null)
    or baton.count_folded(parent, is_over.path) >= (own ->> 'runs')::integer);
end
$$;
