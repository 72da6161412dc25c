-- Failed attempts by workflow, of the window, also of runs that are gone since: the rollup has no
-- errors.
select null::text as fingerprint, sum(m.failures)::bigint as failures, null::bigint as runs, null::bigint as given_up,
  m.workflow as nodes, min(m.minute) as first_at, max(m.minute) as last_at, null::text as example
from baton.count_minutes(baton.moment() - :since::interval) m
where m.failures > 0
  --? workflow
  and m.workflow = :workflow::text
  --?
group by m.workflow
order by failures desc, m.workflow
limit :limit::integer
