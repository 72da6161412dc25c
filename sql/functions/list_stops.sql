-- Which of these runs are noted to be stopped with their parent: by themselves, or since it has
-- more children than were noted one by one.
create or replace function baton.list_stops(ids uuid[]) returns table (run_id uuid, parent_id uuid)
language sql stable
as $$
  select s.run_id, s.parent_id from baton.stopping s where s.run_id = any (ids) and s.run_id <> s.parent_id
  union
  select c.run_id, c.parent_id from baton.child c
  join baton.stopping s on s.run_id = c.parent_id and s.parent_id = c.parent_id
  where c.run_id = any (ids) and not c.detached
$$;
