-- How many of the children that a node has started have failed or were cancelled, of 1,000 at most.
create or replace function baton.count_unsuccessful(parent uuid, path text) returns integer
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
declare
  ids uuid[] := array(
    select c.run_id from baton.child c
    where c.parent_id = count_unsuccessful.parent and c.path = count_unsuccessful.path and not c.detached order by c.run_id limit 1000);
begin
  return (
    select count(*)::integer from baton.ending e
    where e.run_id = any (array(select unnest(ids))) and e.run_id between ids[1] and ids[cardinality(ids)] and e.status <> 'done');
end
$$;
