-- Puts runs into ready, due at the given times. suspects: how often their leases ran out; null:
-- back to their priority.
-- sizes: how large they are as JSON, where their poller has said so; else outputs are added up. Of
-- a run with rows below its nodes, which may need most of them no longer, that is no more than its
-- state may be, 4 MiB: passes that are over, and items that are collected, would fail it.
-- Of one that is undone all is read.
-- queues: where they go on, by number; null: home, the queue of the lease that they leave.
-- A run that is ready already is left alone. Ids, times, sizes and queues are parallel arrays.
-- The bounds keep other weeks out, and a plan made for them locks no partition of those; a generic
-- one locks all there are.
create or replace function baton.put_back(ids uuid[], run_ats timestamptz[], suspects integer default null, sizes integer[] default null,
  queues smallint[] default null, home smallint default null) returns void
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
begin
  if lowest is null then
    return;
  end if;
  insert into baton.ready (run_id, band, run_at, bytes, begun)
  select t.id, coalesce(3 + suspects, r.priority) + 16 * coalesce(t.queue, home, 0), t.run_at, coalesce(t.size, r.bytes + case when c.below and not c.undone then least(c.bytes, 4194304) else least(c.bytes, 2000000000) end), true
  from unnest(ids, run_ats, sizes, queues) as t (id, run_at, size, queue)
  cross join lateral (
    select priority, case when t.size is null then octet_length(input::text) end as bytes
    from baton.run where id = t.id and id between lowest and highest limit 1) as r
  cross join lateral (
    select coalesce(sum(octet_length(output::text)), 0) as bytes, coalesce(bool_or(strpos(node, '/') > 0), false) as below, coalesce(bool_or(node = '~verdict'), false) as undone
    from baton.checkpoint where t.size is null and run_id = t.id and run_id between lowest and highest) as c
  on conflict do nothing;
end
$$;
