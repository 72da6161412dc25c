-- What a run's own page says of its family: { parent: { id, path, detached, waits }, awaits: [{
-- path, open, failed }] }; null where it has none. waits: it is an item whose time has not come;
-- awaits: nodes that are not over, with how many of their children have not ended, and how many
-- have failed or were cancelled; 100 at most.
-- Planned for the week of its id, as find_run is.
create or replace function baton.describe_family(id uuid) returns json
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
declare
  parent json := (
    select json_build_object('id', c.parent_id, 'path', baton.path_of_child(c), 'detached', c.detached, 'waits', exists (
      select from baton.waiting_item w where w.parent_id = c.parent_id and w.path = c.path and w.item = c.item and not w.again))
    from baton.child c where c.run_id = describe_family.id);
  awaits json := (
    select json_agg(json_build_object('path', a.path, 'open', a.open, 'failed', case when a.tolerated is null then baton.count_unsuccessful(a.parent_id, a.path) else a.failed end) order by a.path)
    from (
      select a.parent_id, a.path, a.open, a.failed, a.tolerated from baton.awaited a
      where a.parent_id = describe_family.id and not baton.is_over(a.parent_id, a.path)
      order by a.path limit 100) as a);
begin
  return case when parent is not null or awaits is not null then json_build_object('parent', parent, 'awaits', awaits) end;
end
$$;
