-- Stores the runs that members of a lease start: entries are [{ place, run, node, id, workflow,
-- version, input, attributes?, delay_ms?, detached? }]. They have their parent's priority.
-- A family that await one another is at most 8 runs deep: a run below that is stored as failed.
create or replace function baton.spawn_children(held baton.lease, entries jsonb, skipped uuid[], moment timestamptz) returns void
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
declare
  parents uuid[];
  lowest uuid;
  highest uuid;
  runs jsonb;
  deep uuid[];
begin
  select array_agg(e.run) into parents
  from jsonb_to_recordset(entries) as e (place integer, run uuid) where baton.has_member(held, e.place, e.run) and e.run <> all (skipped);
  if parents is null then
    return;
  end if;
  lowest := (select p from unnest(parents) as p order by p limit 1);
  highest := (select p from unnest(parents) as p order by p desc limit 1);
  select jsonb_build_object('id', jsonb_agg(e.id), 'workflow', jsonb_agg(e.workflow), 'version', jsonb_agg(e.version), 'priority', jsonb_agg(p.priority),
      'input', jsonb_agg(e.input), 'delay_ms', jsonb_agg(e.delay_ms))
      || case when count(e.attributes) > 0 then jsonb_build_object('attributes', jsonb_agg(e.attributes)) else '{}' end into runs
  from jsonb_to_recordset(entries) as e (run uuid, id uuid, workflow text, version integer, input jsonb, attributes jsonb, delay_ms bigint)
  cross join lateral (select r.priority from baton.run r where r.id = e.run and r.id between lowest and highest limit 1) as p
  where e.run = any (parents);
  -- Each starts a microsecond after the one before: the claim of this round may take 1,000 of them.
  perform baton.store_runs(runs, '{}', null, false, moment - interval '1 millisecond');
  insert into baton.child (run_id, parent_id, path, detached, depth)
  select e.id, e.run, e.node, coalesce(e.detached, false), case when e.detached then 0 else coalesce(above.depth, 0) + 1 end
  from jsonb_to_recordset(entries) as e (run uuid, node text, id uuid, detached boolean)
  left join baton.child above on above.run_id = e.run and not above.detached
  where e.run = any (parents);
  insert into baton.awaited as a (parent_id, path, open)
  select e.run, e.node, 1 from jsonb_to_recordset(entries) as e (run uuid, node text, detached boolean)
  where e.run = any (parents) and e.detached is null
  on conflict on constraint awaited_of_node do update set open = a.open + 1;
  deep := array(
    select c.run_id from jsonb_to_recordset(entries) as e (id uuid) join baton.child c on c.run_id = e.id where c.depth > 8);
  if cardinality(deep) > 0 then
    perform baton.refuse_deep(deep, moment);
  end if;
end
$$;
