-- Failed attempts hour by hour, of the window, also of runs that are gone since: the rollup has not
-- what became of each.
select date_bin('1 hour', m.minute, '2000-01-01T00:00:00Z') as hour, sum(m.failures)::bigint as failures,
  null::bigint as retried, null::bigint as given_up, null::bigint as runs
from baton.count_minutes(baton.moment() - :since::interval) m
where m.failures > 0
  --? workflow
  and m.workflow = :workflow::text
  --?
group by 1
order by 1
