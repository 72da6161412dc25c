-- Which of these runs are to be cancelled since their parent has ended. The table is almost always
-- empty.
-- A parent that somebody redrives just now is locked: its children go on, and their notes are about
-- to go. Whether one has ended is asked once it is locked, by another statement.
create or replace function baton.find_stopped(ids uuid[]) returns uuid[]
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
declare
  found uuid[];
  parents uuid[];
  lowest uuid;
  highest uuid;
begin
  if not exists (select from baton.stopping) then
    return '{}';
  end if;
  select array_agg(s.run_id), array_agg(s.parent_id) into found, parents from baton.list_stops(ids) as s;
  if found is null then
    return '{}';
  end if;
  lowest := (select p from unnest(parents) as p order by p limit 1);
  highest := (select p from unnest(parents) as p order by p desc limit 1);
  select array_agg(l.id) into parents
  from (
    select r.id from baton.run r where r.id = any (array(select unnest(parents))) and r.id between lowest and highest for share skip locked
  ) as l;
  parents := baton.runs_with_ending(parents);
  found := array(select s.run_id from baton.list_stops(found) as s where s.parent_id = any (parents));
  -- One that is being undone goes on to its end.
  return array(select unnest(found) except select unnest(baton.runs_with_verdict(found)));
end
$$;
