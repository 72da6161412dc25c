-- Whether an ended run is still needed by its family: its parent awaits it and has not ended, or a
-- child of its own goes on that it awaited.
create or replace function baton.has_open_family(id uuid) returns boolean
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
declare
  parent uuid := (select c.parent_id from baton.child c where c.run_id = has_open_family.id and not c.detached);
begin
  return (parent is not null and exists (select from baton.run r where r.id = parent) and not exists (select from baton.ending e where e.run_id = parent))
    or exists (select from baton.awaited a where a.parent_id = has_open_family.id and a.open > 0);
end
$$;
