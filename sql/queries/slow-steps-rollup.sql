-- Slowest steps by workflow, all its nodes together: of what finished in the window, also of runs
-- that are gone since. Times are those of buckets, at most 5 % off. Sleeps are left out.
with minutes as (
  select m.workflow, m.steps_took from baton.count_minutes(baton.moment() - :since::interval) m
  where m.steps > 0
    --? workflow
    and m.workflow = :workflow::text
    --?
), buckets as (
  select m.workflow, b.key::integer as bucket, sum(b.value::bigint)::bigint as steps
  from minutes m, jsonb_each_text(m.steps_took) b
  group by 1, 2
), sums as (
  select b.workflow, sum(b.steps)::bigint as steps, jsonb_object_agg(b.bucket, b.steps) as took,
    round(sum(b.steps * power(1.1::float8, b.bucket) * 2 / 2.1))::bigint as total_ms
  from buckets b
  group by 1
)
select s.workflow, null::text as node, s.steps, baton.quantile(s.took, 0.5) as p50_ms, baton.quantile(s.took, 0.95) as p95_ms,
  baton.quantile(s.took, 1) as most_ms, s.total_ms
from sums s
order by p95_ms desc, 1
limit :limit::integer
