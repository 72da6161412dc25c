-- One row for each unfinished run, by where it is: it reads places, so it costs what the backlog
-- is long, however many runs have ended.
--
-- status: ready, waiting, running or blocked; due_at: since when or from when it may be claimed,
-- while it is ready or waiting; overdue_ms: how long it has been due and is not claimed; suspect:
-- its poller crashed, and it waits behind the others; reason: why it is blocked; queue: whose
-- poller claims it, or has it.
-- grant: baton_reader, baton_operator
create or replace view baton.backlog as
select p.run_id, (select r.workflow from baton.run r where r.id = p.run_id) as workflow,
  (select r.priority from baton.run r where r.id = p.run_id) as priority,
  p.status, p.due_at, case when p.status = 'ready' then round(baton.ms_between(p.due_at, baton.moment()))::bigint end as overdue_ms,
  p.suspect, p.reason,
  (select r.created_at from baton.run r where r.id = p.run_id) as created_at,
  coalesce((select k.name from baton.queue k where k.id = p.queue), 'default') as queue
from (
  select q.run_id, case when q.run_at > baton.moment() then 'waiting' else 'ready' end as status, q.run_at as due_at, q.band % 16 > 3 as suspect, null as reason, q.band / 16 as queue
  from baton.ready q
  union all
  select m.id, 'running', null, l.crashes > 0, null, coalesce(l.queue, 0)
  from baton.lease l cross join unnest(l.run_ids) with ordinality as m (id, nth)
  where get_bit(l.gone, (m.nth - 1)::integer) = 0
  union all
  select b.run_id, 'blocked', null, false, b.reason, 0 from baton.blocked b
) as p;
