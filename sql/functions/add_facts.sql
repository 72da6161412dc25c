-- Adds to rollup what count_facts finds; returns how many of its rows it wrote. Whoever calls this
-- holds the lock on rolling.
create or replace function baton.add_facts(part text, first tid, after tid, since bigint, before bigint) returns integer
language plpgsql volatile
as $$
declare
  written integer;
begin
  insert into baton.rollup as r
  select * from baton.count_facts(part, first, after, since, before, '-infinity')
  on conflict (minute, workflow) do update set enqueued = r.enqueued + excluded.enqueued, done = r.done + excluded.done,
    failed = r.failed + excluded.failed, cancelled = r.cancelled + excluded.cancelled, steps = r.steps + excluded.steps,
    failures = r.failures + excluded.failures, bytes = r.bytes + excluded.bytes, durations = baton.sum_buckets(jsonb_build_array(r.durations, excluded.durations)),
    waits = baton.sum_buckets(jsonb_build_array(r.waits, excluded.waits)), steps_took = baton.sum_buckets(jsonb_build_array(r.steps_took, excluded.steps_took));
  get diagnostics written = row_count;
  return written;
end
$$;
