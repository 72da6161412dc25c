-- How many failed attempts runs have, by run and node; null when there are none. Below a node
-- also until when a path backs off (waits), and what failed for good (fatal: attempt, at, error):
-- of a run's own chain the run says both. The ids lie between lowest and highest.
-- The ids are hidden from the plan, as in describe_members.
create or replace function baton.count_failures(ids uuid[], lowest uuid, highest uuid, moment timestamptz,
  out failures json, out waits json, out fatal json)
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
begin
  select json_object_agg(r.run_id, r.counts), json_object_agg(r.run_id, r.waits) filter (where r.waits is not null),
    json_object_agg(r.run_id, r.fatal) filter (where r.fatal is not null)
  into count_failures.failures, count_failures.waits, count_failures.fatal
  from (
    select n.run_id, json_object_agg(n.node, n.attempts) as counts,
      json_object_agg(n.node, n.until) filter (where n.until > moment) as waits,
      json_object_agg(n.node, n.fatal) filter (where n.fatal is not null) as fatal
    from (
      select f.run_id, f.node, count(*) as attempts,
        max(baton.wait_until(f.finished_at, f.retry_at, moment)) filter (where strpos(f.node, '/') > 0) as until,
        (array_agg(json_build_object('attempt', f.attempt, 'at', f.finished_at, 'error', f.error) order by f.attempt desc)
          filter (where f.retry_at is null and strpos(f.node, '/') > 0))[1] as fatal
      from baton.failure f where f.run_id = any (array(select unnest(ids))) and f.run_id between lowest and highest and f.node <> '' group by f.run_id, f.node
    ) as n
    group by n.run_id
  ) as r;
end
$$;
