-- What happened in each minute of the last seven days, by workflow, and in the 5 and the 60 minutes
-- that end with it. A minute in which nothing happened has no row.
--
-- p50_… and p95_…: at most 5 % off, of runs that ended done in the minute.
-- grant: baton_reader, baton_operator
create or replace view baton.throughput as
select minute, workflow, enqueued, done, failed, cancelled, steps, failures,
  baton.quantile(durations, 0.5) as p50_duration_ms, baton.quantile(durations, 0.95) as p95_duration_ms,
  baton.quantile(waits, 0.5) as p50_waited_ms, baton.quantile(waits, 0.95) as p95_waited_ms,
  (sum(enqueued) over five)::bigint as enqueued_5m, (sum(done) over five)::bigint as done_5m, (sum(failed) over five)::bigint as failed_5m, (sum(steps) over five)::bigint as steps_5m,
  (sum(enqueued) over sixty)::bigint as enqueued_60m, (sum(done) over sixty)::bigint as done_60m, (sum(failed) over sixty)::bigint as failed_60m, (sum(steps) over sixty)::bigint as steps_60m
from (
  select minute, workflow, sum(enqueued)::bigint as enqueued, sum(done)::bigint as done, sum(failed)::bigint as failed,
    sum(cancelled)::bigint as cancelled, sum(steps)::bigint as steps, sum(failures)::bigint as failures,
    baton.sum_buckets(jsonb_agg(durations)) as durations, baton.sum_buckets(jsonb_agg(waits)) as waits
  from baton.count_minutes(baton.moment() - interval '7 days')
  group by 1, 2
) as m
window five as (partition by workflow order by minute range between interval '4 minutes' preceding and current row),
  sixty as (partition by workflow order by minute range between interval '59 minutes' preceding and current row);
