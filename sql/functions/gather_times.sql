-- When everything at each path of runs that are undone was over, in microseconds since 1970, by run
-- and path: a row, or else the last failure. Null: there are none.
create or replace function baton.gather_times(ids uuid[]) returns json
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
begin
  if lowest is null then
    return null;
  end if;
  return (
    select json_object_agg(r.run_id, r.times)
    from (
      select o.run_id, json_object_agg(o.node, o.micros) as times
      from (
        select x.run_id, x.node, (extract(epoch from coalesce(max(x.finished_at) filter (where x.is_row), max(x.finished_at))) * 1000000)::bigint as micros
        from (
          select c.run_id, c.node, c.finished_at, true as is_row from baton.checkpoint c
          where c.run_id = any (array(select unnest(ids))) and c.run_id between lowest and highest
          union all
          select f.run_id, f.node, f.finished_at, false from baton.failure f
          where f.run_id = any (array(select unnest(ids))) and f.run_id between lowest and highest and f.node <> ''
        ) as x
        group by x.run_id, x.node
      ) as o
      group by o.run_id
    ) as r);
end
$$;
