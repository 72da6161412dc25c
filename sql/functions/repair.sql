-- Rebuilds the places of unfinished runs from the state, after ready and lease were lost or
-- emptied: they are an index over it. A run is due when its last retry, sleep or delay says so.
-- Pollers must be stopped; returns how many runs were put back.
-- grant: baton_migrator
create or replace function baton.repair() returns integer
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC'
as $$
declare
  moment timestamptz := baton.now();
  ids uuid[];
  times timestamptz[];
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  select array_agg(r.id), array_agg(greatest(r.start_at, c.until, f.until)) into ids, times
  from baton.run r
  cross join lateral (select max(finished_at) as until from baton.checkpoint where run_id = r.id) as c
  cross join lateral (
    select max(retry_at) as until from baton.failure x
    where x.run_id = r.id and not exists (select from baton.checkpoint y where y.run_id = r.id and y.node = x.node)
  ) as f
  where not exists (select from baton.ending e where e.run_id = r.id)
    and not exists (select from baton.ready q where q.run_id = r.id)
    and not exists (select from baton.blocked b where b.run_id = r.id)
    and not exists (select from baton.lease l, unnest(l.run_ids) with ordinality as m (id, nth)
      where m.id = r.id and get_bit(l.gone, (nth - 1)::integer) = 0);
  -- What is due is due since then; what waits, waits no longer than it was asked to, also if a
  -- clock that was ahead wrote its times.
  times := array(
    select coalesce(t.due, least(t.stored, moment))
    from unnest(times, baton.recompute_due(ids, moment, moment, moment)) with ordinality as t (stored, due, nth) order by t.nth);
  perform baton.put_back(ids, times);
  return coalesce(cardinality(ids), 0);
end
$$;
