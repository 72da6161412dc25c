-- Which paths of runs a claim reads: all but what their workflow needs no longer, as ranges from
-- low up to, not including, high. manifest: as in claim; skips: [{ path, floor }] of a workflow,
-- where floor says what is skipped below the path: "over", everything once it has a row of its own;
-- "fold", items that are collected; "pass", passes before the last but one; "last", all rows but
-- the last one; "all". One look at the primary key each.
create or replace function baton.list_ranges(ids uuid[], manifest jsonb, out range_ids uuid[], out lows text[], out highs text[])
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
begin
  with skip as (
    select r.id, s.path, s.floor
    from baton.run r
    join jsonb_to_recordset(manifest) as m (name text, version integer, skips jsonb, undoes boolean) on m.name = r.workflow and m.version = r.version
    cross join lateral jsonb_to_recordset(m.skips) as s (path text, floor text)
    where m.skips is not null and r.id = any (array(select unnest(ids))) and r.id between lowest and highest
      -- What is undone may be anywhere.
      and (m.undoes is null or not exists (
        select from baton.checkpoint v where v.run_id = r.id and v.run_id between lowest and highest and v.node = '~verdict'))
  ), hole as (
    select s.id, s.path || '/' as low, h.high
    from skip s
    cross join lateral (
      select case s.floor
        when 'over' then (
          select s.path || '0' from baton.checkpoint c where c.run_id = s.id and c.run_id between lowest and highest and c.node = s.path)
        when 'fold' then (
          select s.path || '/' || right(max(c.node), 5) from baton.checkpoint c
          where c.run_id = s.id and c.run_id between lowest and highest and c.node > s.path || '/~fold/' and c.node < s.path || '/~fold0')
        when 'pass' then (
          select s.path || '/' || lpad(greatest(substr(max(c.node), length(s.path) + 2, 5)::integer - 1, 0)::text, 5, '0') from baton.checkpoint c
          where c.run_id = s.id and c.run_id between lowest and highest and c.node > s.path || '/' and c.node < s.path || '/:')
        when 'last' then (
          select max(c.node) from baton.checkpoint c
          where c.run_id = s.id and c.run_id between lowest and highest and c.node > s.path || '/' and c.node < s.path || '0')
        when 'all' then s.path || '0'
        end collate "C" as high
    ) as h
    where h.high is not null
  )
  select array_agg(k.id), array_agg(k.low), array_agg(k.high) into range_ids, lows, highs
  from (
    select h.id, coalesce(lag(h.high) over (partition by h.id order by h.low collate "C"), '') as low, h.low as high from hole h
    union all
    -- After the last hole; no path has a sign beyond ~.
    select i.id, coalesce(max(h.high collate "C"), ''), E'\x7f' from unnest(ids) as i (id) left join hole h on h.id = i.id group by i.id
  ) as k;
end
$$;
