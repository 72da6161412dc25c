-- What inputs and outputs take, compressed as they are stored, by workflow. Of runs created in the
-- window. Rows and indexes take about 150 bytes more for each run, and for each step.
with span as (
  select baton.moment() - :since::interval as since, baton.id_at(baton.moment() - :since::interval - interval '24 hours') as lowest
), runs as (
  select r.id, r.workflow, r.input_bytes from baton.runs r
  where r.id >= (select lowest from span) and r.created_at >= (select since from span)
    --? workflow
    and r.workflow = :workflow::text
    --?
), outputs as (
  select r.workflow, count(*) as steps, sum(s.output_bytes)::bigint as bytes
  from baton.steps s join runs r on r.id = s.run_id
  where s.run_id >= (select lowest from span)
  group by 1
), inputs as (
  select r.workflow, count(*) as runs, sum(r.input_bytes) as bytes from runs r group by 1
), sums as (
  select i.workflow, i.runs, coalesce(o.steps, 0) as steps, i.bytes as input_bytes, coalesce(o.bytes, 0) as output_bytes
  from inputs i left join outputs o on o.workflow = i.workflow
)
select s.workflow, s.runs, s.steps, s.input_bytes, s.output_bytes, s.input_bytes + s.output_bytes as bytes,
  (s.input_bytes + s.output_bytes) / s.runs as bytes_a_run
from sums s
order by bytes desc, 1
limit :limit::integer
