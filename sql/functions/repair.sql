-- Rebuilds the places of unfinished runs from the state, after ready and lease were lost or
-- emptied: they are an index over it. A run is due when its last retry, sleep or delay says so; one
-- in the midst of a node that holds others, or being undone, is due at once, since beside what
-- waits something may go on, and a poller sees what does. One that waits for a signal which is
-- there is due at once too, and so is one that waits by a key which it does not have, or not all
-- that was sent by it, or of which senders do not know that it waits: its poller parks it anew. So
-- is one whose awaited child has ended.
-- Pollers must be stopped; returns how many runs were put back or woken.
-- grant: baton_migrator
create or replace function baton.repair() returns integer
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC'
as $$
declare
  moment timestamptz := baton.now();
  ids uuid[];
  times timestamptz[];
  amidst boolean[];
  woken integer;
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  select array_agg(r.id), array_agg(greatest(r.start_at, c.until, f.until)), array_agg(coalesce(c.below, false) or coalesce(f.below, false))
    into ids, times, amidst
  from baton.run r
  cross join lateral (
    select max(finished_at) as until, bool_or(node = '~verdict') or max(position) = max(position) filter (where strpos(node, '/') > 0) as below
    from baton.checkpoint where run_id = r.id
  ) as c
  cross join lateral (
    select max(retry_at) as until, bool_or(strpos(node, '/') > 0) as below from baton.failure x
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
    select coalesce(case when not t.below then t.due end, least(t.stored, moment))
    from unnest(times, baton.recompute_due(ids, moment, moment, moment), amidst) with ordinality as t (stored, due, below, nth) order by t.nth);
  perform baton.put_back(ids, times);
  update baton.ready q set run_at = moment
  from (
    select m.run_id from baton.message m join baton.wait w on w.run_id = m.run_id and m.name = any (w.names) and strpos(m.name, '/~beat/') = 0
    union
    select w.run_id from baton.wait w join baton.run r on r.id = w.run_id cross join jsonb_to_recordset(w.keys) as k (name text, key text)
    left join baton.signal_key s on s.workflow = r.workflow and s.name = k.name and s.key = k.key
    where s.run_id is distinct from w.run_id or exists (
      select from baton.unclaimed u
      where u.workflow = r.workflow and u.name = k.name and u.key = k.key and u.at > moment - interval '168 hours')
    union
    select c.run_id from baton.checkpoint c
    where strpos(c.node, '/~until/') > 0 and c.finished_at > moment and not exists (select from baton.wait w where w.run_id = c.run_id)
  ) as waiting
  where q.run_id = waiting.run_id and q.run_at > moment;
  get diagnostics woken = row_count;
  return coalesce(cardinality(ids), 0) + woken + baton.recount_children(moment);
end
$$;
