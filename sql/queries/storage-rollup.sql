-- What inputs and outputs took that were stored in the window, compressed, by workflow: also those
-- of runs that are gone since. Steps are counted without sleeps.
with sums as (
  select m.workflow, sum(m.enqueued)::bigint as runs, sum(m.steps)::bigint as steps, sum(m.bytes)::bigint as bytes
  from baton.count_minutes(baton.moment() - :since::interval) m
  where m.bytes > 0
    --? workflow
    and m.workflow = :workflow::text
    --?
  group by 1
)
select s.workflow, s.runs, s.steps, null::bigint as input_bytes, null::bigint as output_bytes, s.bytes,
  s.bytes / nullif(s.runs, 0) as bytes_a_run
from sums s
order by s.bytes desc, 1
limit :limit::integer
