-- What happened, by minute and workflow, and what of the state is in it.

-- Sums of what was stored. durations, waits and steps_took count milliseconds by bucket: bucket b
-- has what is over 1.1 ^ (b - 1) and at most 1.1 ^ b, so buckets of two minutes are added up, and
-- the middle of one is at most 5 % off.
create table baton.rollup (
  minute timestamptz not null,
  workflow text not null,
  enqueued bigint not null,
  done bigint not null,
  failed bigint not null,
  cancelled bigint not null,
  steps bigint not null,
  failures bigint not null,
  bytes bigint not null,
  durations jsonb not null,
  waits jsonb not null,
  steps_took jsonb not null,
  constraint rollup_of_minute primary key (minute, workflow)
);

-- One row: when the tables were last looked through. Its lock is held by whoever writes to rollup.
create table baton.rolling (at timestamptz not null);
insert into baton.rolling (at) values ('-infinity');

-- How many rows had been inserted into a partition when nothing of it was missing from rollup.
create table baton.rolled_part (
  part text not null,
  inserts bigint not null,
  constraint rolled_part_name primary key (part)
);

-- A chunk is 128 pages of a partition: what transactions before number seen stored there is in
-- rollup. Null until: it is one of the last two and gets more rows. Else transactions before number
-- until may have written there while it was.
create table baton.rolled (
  part text not null,
  chunk integer not null,
  seen bigint not null,
  until bigint,
  looked_at timestamptz not null,
  constraint rolled_chunk primary key (part, chunk)
);

-- The rollup by day, for as long a time as there is; refreshed by maintenance.
create materialized view baton.daily as
with bucket as (
  select date_bin('1 day', r.minute, '2000-01-01 00:00:00+00') as day, r.workflow, c.measure, b.key::integer as bucket, sum(b.value::bigint) as n
  from baton.rollup r
  cross join lateral (values ('duration', r.durations), ('wait', r.waits), ('step', r.steps_took)) as c (measure, counts)
  cross join lateral jsonb_each_text(c.counts) as b
  group by 1, 2, 3, 4
), ranked as (
  select day, workflow, measure, round(power(1.1::float8, bucket) * 2 / 2.1)::bigint as ms,
    sum(n) over (partition by day, workflow, measure order by bucket) as upto, sum(n) over (partition by day, workflow, measure) as total
  from bucket
), quantile as (
  select day, workflow,
    min(ms) filter (where measure = 'duration' and upto >= total * 0.5) as p50_duration_ms,
    min(ms) filter (where measure = 'duration' and upto >= total * 0.95) as p95_duration_ms,
    min(ms) filter (where measure = 'wait' and upto >= total * 0.5) as p50_waited_ms,
    min(ms) filter (where measure = 'wait' and upto >= total * 0.95) as p95_waited_ms,
    min(ms) filter (where measure = 'step' and upto >= total * 0.5) as p50_step_ms,
    min(ms) filter (where measure = 'step' and upto >= total * 0.95) as p95_step_ms
  from ranked group by 1, 2
), total as (
  select date_bin('1 day', r.minute, '2000-01-01 00:00:00+00') as day, r.workflow, sum(r.enqueued)::bigint as enqueued, sum(r.done)::bigint as done,
    sum(r.failed)::bigint as failed, sum(r.cancelled)::bigint as cancelled, sum(r.steps)::bigint as steps, sum(r.failures)::bigint as failures,
    sum(r.bytes)::bigint as bytes
  from baton.rollup r group by 1, 2
)
select t.*, q.p50_duration_ms, q.p95_duration_ms, q.p50_waited_ms, q.p95_waited_ms, q.p50_step_ms, q.p95_step_ms
from total t left join quantile q using (day, workflow);

create unique index daily_of_workflow on baton.daily (day, workflow);
