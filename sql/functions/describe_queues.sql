-- How it stands with the runs of each queue beside the default one, by name: how long the oldest
-- due one has been due, when the next is, whether suspects are due, and when the first lease of one
-- of its pollers expires. Null: there are no queues.
-- low: the watermark, which is that of all queues.
create or replace function baton.describe_queues(moment timestamptz, low jsonb) returns jsonb
language sql stable
as $$
  select jsonb_object_agg(k.name, jsonb_build_object(
    'oldest_ms', coalesce((
      select ceil(extract(epoch from greatest(moment - min(first.run_at), interval '0')) * 1000)
      from generate_series(16 * k.id, 16 * k.id + 3) as b (band)
      cross join lateral (
        select q.run_at from baton.ready q where q.band = b.band and q.run_at > '-infinity' order by q.run_at limit 1) as first), 0),
    'due_in_ms', baton.next_due(moment, low, 8, k.id),
    'suspects', exists (select from baton.ready q where q.band between 16 * k.id + 4 and 16 * k.id + 8 and q.run_at <= moment),
    'lease_expires_in_ms', (
      select ceil(extract(epoch from min(greatest(l.expires_at, moment)) - moment) * 1000) from baton.lease l where l.queue = k.id)))
  from baton.queue k
$$;
