-- Milliseconds until the next run of a queue's bands 0 to highest is due; 0 when one is due
-- already, null when none is waiting. What is due at baton.never() or later counts as none:
-- infinity cannot be subtracted (0A000).
create or replace function baton.next_due(moment timestamptz, low jsonb, highest integer default 3, queue smallint default 0) returns bigint
language plpgsql stable
as $$
declare
  soonest timestamptz;
begin
  select min(first.run_at) into soonest
  from generate_series(16 * queue, 16 * queue + highest) as b (band)
  cross join lateral (
    select q.run_at from baton.ready q
    where q.band = b.band and q.run_at >= coalesce((low ->> b.band::text)::timestamptz, '-infinity')
    order by q.run_at limit 1
  ) as first;
  -- greatest() alone would read "none" as "now": it ignores nulls.
  return case when soonest < baton.never() then ceil(extract(epoch from greatest(soonest, moment) - moment) * 1000) end;
end
$$;
