-- As gather_outputs and count_failures together, of runs of which only some ranges of paths are
-- read: ranges are parallel arrays, as list_ranges makes them.
create or replace function baton.gather_ranges(range_ids uuid[], lows text[], highs text[], moment timestamptz,
  out outputs json, out asleep json, out failures json, out backing_off json, out fatal json)
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
declare
  lowest uuid := (select i from unnest(range_ids) as i order by i limit 1);
  highest uuid := (select i from unnest(range_ids) as i order by i desc limit 1);
begin
  select json_object_agg(r.run_id, r.outputs), json_object_agg(r.run_id, r.waits) filter (where r.waits is not null)
  into gather_ranges.outputs, gather_ranges.asleep
  from (
    select c.run_id, json_object_agg(c.node, c.output) as outputs,
      json_object_agg(c.node, baton.wait_until(c.started_at, c.finished_at, moment))
        filter (where c.finished_at > moment and strpos(c.node, '/') > 0) as waits
    from unnest(range_ids, lows, highs) as k (id, low, high)
    cross join lateral (
      select * from baton.checkpoint p
      where p.run_id = k.id and p.run_id between lowest and highest and p.node >= k.low and p.node < k.high offset 0) as c
    group by c.run_id
  ) as r;
  select json_object_agg(r.run_id, r.counts), json_object_agg(r.run_id, r.waits) filter (where r.waits is not null),
    json_object_agg(r.run_id, r.fatal) filter (where r.fatal is not null)
  into gather_ranges.failures, gather_ranges.backing_off, gather_ranges.fatal
  from (
    select n.run_id, json_object_agg(n.node, n.attempts) as counts,
      json_object_agg(n.node, n.until) filter (where n.until > moment) as waits,
      json_object_agg(n.node, n.fatal) filter (where n.fatal is not null) as fatal
    from (
      select f.run_id, f.node, count(*) as attempts,
        max(baton.wait_until(f.finished_at, f.retry_at, moment)) filter (where strpos(f.node, '/') > 0) as until,
        (array_agg(json_build_object('attempt', f.attempt, 'at', f.finished_at, 'error', f.error) order by f.attempt desc)
          filter (where f.retry_at is null and strpos(f.node, '/') > 0))[1] as fatal
      from unnest(range_ids, lows, highs) as k (id, low, high)
      cross join lateral (
        select * from baton.failure p
        where p.run_id = k.id and p.run_id between lowest and highest and p.node >= k.low and p.node < k.high and p.node <> '' offset 0) as f
      group by f.run_id, f.node
    ) as n
    group by n.run_id
  ) as r;
end
$$;
