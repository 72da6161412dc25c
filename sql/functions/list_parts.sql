-- The parts of a node, in order of their paths: what stands right below it, marks aside, and what
-- its plan will bring. status: what the rows at a part and below say, as statusOfPart in
-- shared/engine/operate/part-status.ts says it; until: when the run ended, or now. size: how many
-- nodes of its own have begun; an item whose neighbours have more is not done. An item that failed
-- for good, in a run that has not, is one that its map tolerates: what it stands in has not failed.
create or replace function baton.list_parts(id uuid, under text, run_status text, until timestamptz) returns table (path text, status text, size integer)
language plpgsql stable set plan_cache_mode = force_custom_plan set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  counts_items boolean := (length(under) - length(replace(under, '/', ''))) % 2 = 0;
  -- An item below a part: an index stands right below a node, which is every second name.
  item_below text := case when counts_items then '^[^/]+(/[^/]+/[^/]+)*?/[^/]+/[0-9]{5}(/|$)' else '^[^/]+(/[^/]+/[^/]+)*?/[0-9]{5}(/|$)' end;
  forgiven jsonb := (select d.forgiven from baton.redrive d where d.run_id = list_parts.id order by d.at desc limit 1);
begin
  return query
  with fact as (
    -- What is answered waits no longer for a signal; what is over, or has failed, for no child.
    select c.node, case when c.node ~ '/~(child|start)/' then not baton.is_over(list_parts.id, w.path)
        and not exists (
          select from baton.failure f where f.run_id = list_parts.id and f.node = w.path
            and f.retry_at is null and f.attempt > coalesce((forgiven ->> f.node)::integer, 0))
      else c.finished_at > list_parts.until and not (strpos(c.node, '/~until/') > 0 and exists (
        select from baton.checkpoint w where w.run_id = list_parts.id and w.node = split_part(c.node, '/~until/', 1))) end as ahead, false as open, false as final
    from baton.checkpoint c cross join lateral (select regexp_replace(c.node, '/~(child|start)/.*$', '') as path) as w
    where c.run_id = list_parts.id and c.node > under || '/' and c.node < under || '0'
    union all
    select f.node, coalesce(f.retry_at > list_parts.until, false), coalesce(f.retry_at <= list_parts.until, true) and not f.final,
      f.final and (run_status = 'failed' or substr(f.node, length(under) + 2) !~ item_below)
    from (
      select distinct on (g.node) g.*, g.retry_at is null and g.attempt > coalesce((forgiven ->> g.node)::integer, 0) as final from baton.failure g
      where g.run_id = list_parts.id and g.node > under || '/' and g.node < under || '0'
      order by g.node, g.attempt desc
    ) as f
    where not exists (
      select from baton.checkpoint d
      where d.run_id = list_parts.id and d.node = f.node and (d.attempt > 0 or d.output = 'null'))
      -- A function of its author's threw, and has been asked again.
      and not (f.retry_at is null and f.attempt <= coalesce((forgiven ->> f.node)::integer, 0) and exists (
        select from baton.checkpoint d
        where d.run_id = list_parts.id and d.node >= f.node and d.node < f.node || '0'
          and (d.node in (f.node, f.node || '/~over') or d.node >= f.node || '/0' and d.node < f.node || '/:')))
  ), named as (
    select fact.*, split_part(substr(node, length(under) + 2), '/', 1) as name, split_part(substr(node, length(under) + 2), '/', 2) as below
    from fact
  ), part as (
    select name, bool_or(ahead) as ahead, bool_or(open) as open, bool_or(final) as final,
      count(distinct below) filter (where below <> '' and below not like '~%') as size
    from named where name not like '~%' group by name
    union all
    select planned.name, null, null, null, null
    from (
      select to_char(nth, 'FM00000') as name
      from baton.checkpoint p, generate_series(0, jsonb_array_length(p.output -> 'items') - 1) as nth
      where p.run_id = list_parts.id and p.node = under and p.attempt = 0 and jsonb_typeof(p.output -> 'items') = 'array'
      except select name from named
    ) as planned
  ), sized as (
    select part.*, part.size is not null as begun, counts_items and part.size < max(part.size) over () as short from part
  )
  select under || '/' || name,
    case
      when final then 'failed'
      when begun and not ahead and not open and (run_status = 'done' or not short) then 'done'
      when run_status in ('done', 'failed', 'cancelled') then 'skipped'
      when begun and run_status = 'running' and (open or short and not ahead) then 'running'
      when ahead or open and run_status = 'waiting' then 'waiting'
      else 'pending'
    end, size::integer
  from sized order by name collate "C";
end
$$;
