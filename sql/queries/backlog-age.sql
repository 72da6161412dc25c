-- Unfinished runs by priority: where they are, and how long those that are due have been waiting.
with unfinished as (
  select b.priority, b.status, b.overdue_ms from baton.backlog b
  where true
    --? workflow
    and b.workflow = :workflow::text
    --?
)
select u.priority, count(*) filter (where u.status = 'ready') as ready,
  round(percentile_cont(0.5) within group (order by u.overdue_ms))::bigint as p50_overdue_ms,
  max(u.overdue_ms) as most_overdue_ms,
  count(*) filter (where u.status = 'waiting') as waiting, count(*) filter (where u.status = 'running') as running,
  count(*) filter (where u.status = 'blocked') as blocked
from unfinished u
group by 1
order by 1
