-- Which of these runs have an output of the node at their index in nodes. Planned for
-- their weeks, as put_back is.
create or replace function baton.runs_with_output(ids uuid[], nodes text[]) returns uuid[]
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
begin
  return array(
    select s.id from unnest(ids, nodes) as s (id, node)
    cross join lateral (
      select count(*) as n from baton.checkpoint
      where run_id = s.id and run_id between lowest and highest and checkpoint.node = s.node) as c
    where c.n > 0);
end
$$;
