-- Slowest steps: how often the successful attempts of each node were made and how long they took,
-- of runs created in the window. Sleeps are left out.
with span as (
  select baton.moment() - :since::interval as since, baton.id_at(baton.moment() - :since::interval - interval '24 hours') as lowest
), runs as (
  select r.id, r.workflow from baton.runs r
  where r.id >= (select lowest from span) and r.created_at >= (select since from span)
    --? workflow
    and r.workflow = :workflow::text
    --?
), steps as (
  select s.run_id, s.node, s.duration_ms from baton.steps s
  where s.run_id >= (select lowest from span) and not s.is_sleep
    --? node
    and s.node = :node::text
    --?
)
select r.workflow, s.node, count(*) as steps,
  round(percentile_cont(0.5) within group (order by s.duration_ms))::bigint as p50_ms,
  round(percentile_cont(0.95) within group (order by s.duration_ms))::bigint as p95_ms,
  max(s.duration_ms) as most_ms, sum(s.duration_ms)::bigint as total_ms
from steps s join runs r on r.id = s.run_id
group by 1, 2
order by p95_ms desc, 1, 2
limit :limit::integer
