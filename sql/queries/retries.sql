-- Failed attempts hour by hour: how many were tried again, and how many were the last. Of runs
-- created in the window.
with span as (
  select baton.moment() - :since::interval as since, baton.id_at(baton.moment() - :since::interval - interval '24 hours') as lowest
), runs as (
  select r.id from baton.runs r
  where r.id >= (select lowest from span) and r.created_at >= (select since from span)
    --? workflow
    and r.workflow = :workflow::text
    --?
)
select date_bin('1 hour', f.finished_at, '2000-01-01T00:00:00Z') as hour, count(*) as failures,
  count(*) filter (where f.retry_at is not null) as retried, count(*) filter (where f.retry_at is null) as given_up,
  count(distinct f.run_id) as runs
from baton.failures f join runs r on r.id = f.run_id
where f.run_id >= (select lowest from span)
  --? node
  and f.node = :node::text
  --?
group by 1
order by 1
