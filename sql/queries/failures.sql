-- Failed attempts by fingerprint: name and message without ids and numbers. Of runs created in the
-- window.
with span as (
  select baton.moment() - :since::interval as since, baton.id_at(baton.moment() - :since::interval - interval '24 hours') as lowest
), runs as (
  select r.id, r.workflow from baton.runs r
  where r.id >= (select lowest from span) and r.created_at >= (select since from span)
    --? workflow
    and r.workflow = :workflow::text
    --?
), failures as (
  select f.run_id, f.node, f.finished_at, f.retry_at, f.error_message, f.fingerprint from baton.failures f
  where f.run_id >= (select lowest from span)
    --? node
    and f.node = :node::text
    --?
)
select f.fingerprint, count(*) as failures, count(distinct f.run_id) as runs, count(*) filter (where f.retry_at is null) as given_up,
  string_agg(distinct r.workflow || coalesce('/' || f.node, ''), ', ') as nodes,
  min(f.finished_at) as first_at, max(f.finished_at) as last_at, left(min(f.error_message), 200) as example
from failures f join runs r on r.id = f.run_id
group by 1
order by failures desc, 1
limit :limit::integer
