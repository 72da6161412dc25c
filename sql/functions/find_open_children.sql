-- Up to so many children of some parents that have no ending, and are not noted to be stopped.
-- Looks at 1,000 at a time: of 100,000 most may have ended.
-- No bitmap scan: of a table that nobody has analysed the planner would read all, and sort it.
create or replace function baton.find_open_children(parents uuid[], most integer) returns uuid[]
language plpgsql volatile set enable_bitmapscan = off
as $$
declare
  parent uuid;
  past_path text collate "C";
  past_item integer;
  past_id uuid;
  ids uuid[];
  open_ids uuid[] := '{}';
begin
  foreach parent in array parents loop
    past_path := '';
    past_item := -2;
    past_id := parent;
    while past_path is not null and cardinality(open_ids) < most loop
      select array_agg(p.run_id) filter (where not p.detached), (array_agg(p.path))[count(*)], (array_agg(p.item))[count(*)], (array_agg(p.run_id))[count(*)]
        into ids, past_path, past_item, past_id
      from (
        select c.* from baton.child c where c.parent_id = parent and (c.path, c.item, c.run_id) > (past_path, past_item, past_id)
        order by c.path, c.item, c.run_id limit 1000) as p;
      open_ids := open_ids || array(
        select unnest(ids) except select unnest(baton.runs_with_ending(ids)) except select s.run_id from baton.stopping s where s.run_id = any (ids)
        order by 1);
    end loop;
  end loop;
  return open_ids[:most];
end
$$;
