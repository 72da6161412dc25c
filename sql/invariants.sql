-- What must be true at every moment; any test may run it. Each row returned is a violation:
-- (invariant, run_id, detail).
with member as (
  select m.id as run_id, l.token::text as place
  from baton.lease l, unnest(l.run_ids) with ordinality as m (id, nth)
  where get_bit(l.gone, (nth - 1)::integer) = 0
), place as (
  select run_id, 'ready' as place from baton.ready
  union all select run_id, 'blocked' from baton.blocked
  union all select run_id, place from member
), earlier as (
  -- When the clock was set back, times between where it was and where it went say nothing of what
  -- came first.
  select tstzrange(set_to, was + interval '1 hour') as doubtful from baton.setback
), noted as (
  -- Of runs that are there. One that was deleted and stored anew has lives of before in the audit.
  select a.run_id, a.action, (a.details ->> 'redrives')::integer as redrives
  from baton.audit a join baton.run r on r.id = a.run_id
  where a.action in ('cancel', 'redrive') and not exists (select from baton.audit d where d.run_id = a.run_id and d.action = 'delete')
), step as (
  -- What was attempted, and sleeps: no row that was stored without a handler, and no mark.
  -- Of an item in which something failed for good, a map that tolerates that does not await what
  -- still sleeps or runs.
  select c.*, exists (select from earlier where c.started_at <@ doubtful) as is_doubtful,
    exists (select from baton.failure f where f.run_id = c.run_id and f.retry_at is null
      and starts_with(f.node, substring(c.node from '^.*?/[0-9]{5}/'))) as is_of_failed
  from baton.checkpoint c
  where attempt > 0 and strpos(node, '~') = 0
), span as (
  -- All that happened at one node of the chain, however many rows stand below it.
  select run_id, position, min(started_at) as began, max(finished_at) filter (where not is_doubtful and not is_of_failed) as ended, min(split_part(node, '/', 1)) as node
  from step group by run_id, position
), places as (
  select run_id, count(*) as n, string_agg(place, ', ') as found from place group by run_id
)
select 'every unfinished run is in exactly one place' as invariant, r.id as run_id, coalesce(p.found, 'in none') as detail
from baton.run r
left join baton.ending e on e.run_id = r.id
left join places p on p.run_id = r.id
where e.run_id is null and coalesce(p.n, 0) <> 1
union all
select 'no ended run is in any place', e.run_id, p.found
from baton.ending e join places p using (run_id)
union all
select 'every place, checkpoint, failure, ending, row of attributes, wait, message, key and child belongs to a run', x.run_id, x.source
from (
  select run_id, 'place' as source from place
  union all select run_id, 'checkpoint' from baton.checkpoint
  union all select run_id, 'failure' from baton.failure
  union all select run_id, 'ending' from baton.ending
  union all select run_id, 'attributes' from baton.attribute
  union all select run_id, 'wait' from baton.wait
  union all select run_id, 'message' from baton.message
  union all select run_id, 'key' from baton.signal_key
  union all select parent_id, 'child' from baton.child
  union all select parent_id, 'awaited node' from baton.awaited
  union all select parent_id, 'waiting item' from baton.waiting_item
) as x
left join baton.run r on r.id = x.run_id
where r.id is null
union all
-- Whose mail a sender had when it was parked, for a second. A heartbeat is none.
select 'a run is due whose signal is there', q.run_id, m.name || ', due at ' || q.run_at
from baton.ready q join baton.wait w on w.run_id = q.run_id join baton.message m on m.run_id = q.run_id and m.name = any (w.names)
where q.run_at > baton.now() + interval '2 seconds' and strpos(m.name, '/~beat/') = 0
union all
-- Without it nobody would wake the run.
select 'a run that waits for others is known to those who send', q.run_id, c.node || ', due at ' || q.run_at
from baton.ready q join baton.checkpoint c on c.run_id = q.run_id
where q.run_at > baton.now() + interval '2 seconds' and strpos(c.node, '/~until/') > 0 and c.finished_at > baton.now() + interval '2 seconds'
  and not exists (select from baton.wait w where w.run_id = q.run_id)
union all
-- Whose place a sender had when the last of its children ended, until a tick. Of an item in which
-- something failed for good nothing is awaited.
select 'a run is due whose awaited children have ended', q.run_id, a.path || ', due at ' || q.run_at
from baton.ready q join baton.awaited a on a.parent_id = q.run_id and a.open <= a.behind
where q.run_at > baton.now() + interval '2 seconds' and not exists (select from baton.wakeup u where u.run_id = q.run_id)
  and not baton.is_over(a.parent_id, a.path)
  and not exists (select from baton.failure f where f.run_id = a.parent_id and f.retry_at is null
    and (f.node = a.path or starts_with(f.node, substring(a.path from '^.*?/[0-9]{5}/'))))
union all
select 'a node awaits as many children as have not ended, or go on again', a.parent_id, a.path || ': ' || a.open || ' in place of ' || c.open + b.again
from baton.awaited a
cross join lateral (
  select count(*) as open from baton.child c join baton.run r on r.id = c.run_id left join baton.ending e on e.run_id = c.run_id
  where c.parent_id = a.parent_id and c.path = a.path and not c.detached and e.run_id is null) as c
cross join lateral (select count(*) as again from baton.waiting_item b where b.parent_id = a.parent_id and b.path = a.path and b.again) as b
where a.open <> c.open + b.again
union all
select 'a map knows how many of its items have failed', a.parent_id, a.path || ': ' || a.failed || ' in place of ' || c.failed - b.again
from baton.awaited a
cross join lateral (
  select count(*) as failed from baton.child c left join baton.run r on r.id = c.run_id left join baton.ending e on e.run_id = c.run_id
  where c.parent_id = a.parent_id and c.path = a.path and c.item >= 0 and (e.status <> 'done' or e.run_id is null and r.id is null)) as c
cross join lateral (select count(*) as again from baton.waiting_item b where b.parent_id = a.parent_id and b.path = a.path and b.again) as b
where a.tolerated is not null and a.failed <> c.failed - b.again
union all
select 'a map knows how many of its items wait', a.parent_id, a.path || ': ' || a.behind
from baton.awaited a where a.behind <> (select count(*) from baton.waiting_item b where b.parent_id = a.parent_id and b.path = a.path)
union all
select 'no more items of a map go on than may', a.parent_id, a.path || ': ' || a.open - a.behind || ' of ' || a.most
from baton.awaited a where a.open - a.behind > a.most and not exists (select from baton.redrive d where d.run_id = a.parent_id)
union all
-- What failed and goes on again is for the run's own round to take.
select 'as many items of a map go on as may', a.parent_id, a.path || ': ' || a.open - a.behind || ' of ' || a.most
from baton.awaited a
where a.open - a.behind < a.most and exists (select from baton.waiting_item b where b.parent_id = a.parent_id and b.path = a.path and not b.again)
  and not exists (select from baton.ending e where e.run_id = a.parent_id)
union all
select 'an item that waits is not due, or has failed and goes on again', b.run_id, 'of ' || b.parent_id
from baton.waiting_item b left join baton.ready q on q.run_id = b.run_id left join baton.ending e on e.run_id = b.run_id
where case when b.again then e.run_id is null and q.run_id is null else q.run_at is distinct from baton.never() end
union all
select 'every awaited child is counted at its node', c.parent_id, c.path
from baton.child c left join baton.awaited a on a.parent_id = c.parent_id and a.path = c.path
where not c.detached and a.parent_id is null
union all
-- In a lease it is stopped by the next round, and by a tick where somebody held its place.
select 'no child goes on whose parent has ended, unless it is about to be stopped', c.run_id, 'of ' || c.parent_id
from baton.child c join baton.ending p on p.run_id = c.parent_id join baton.run r on r.id = c.run_id left join baton.ending e on e.run_id = c.run_id
where not c.detached and e.run_id is null and c.run_id not in (select s.run_id from baton.stopping s)
  and c.parent_id not in (select s.run_id from baton.stopping s)
  and not exists (select from baton.redrive d where d.run_id = c.run_id and d.at >= p.at)
union all
-- The same of a key that somebody else has.
select 'a run that waits by a key has it, and all that was sent by it, or is due', w.run_id, k.name || ' by ' || k.key || ', due at ' || q.run_at
from baton.ready q join baton.wait w on w.run_id = q.run_id join baton.run r on r.id = w.run_id
cross join jsonb_to_recordset(w.keys) as k (name text, key text)
left join baton.signal_key s on s.workflow = r.workflow and s.name = k.name and s.key = k.key
where q.run_at > baton.now() + interval '2 seconds' and (s.run_id is distinct from w.run_id or exists (
  select from baton.unclaimed u
  where u.workflow = r.workflow and u.name = k.name and u.key = k.key and u.at > baton.now() - interval '168 hours'))
union all
select 'checkpoints have no gap and no duplicate position', run_id, string_agg(position || ' ' || node, ', ' order by position, node)
from baton.checkpoint where node not like '~%' group by run_id
having max(position) <> count(distinct position) - 1 or count(distinct split_part(node, '/', 1)) <> count(distinct position)
  or count(distinct (position, split_part(node, '/', 1))) <> count(distinct position)
union all
-- The same as in shared/domain/path.ts.
select 'every path is one', run_id, node
from (select run_id, node from baton.checkpoint union select run_id, node from baton.failure where node <> '') as path
where octet_length(node) > 200
  or node !~ '^(?:~?[a-z][a-zA-Z0-9-]{0,62})(?:\/(?:~?[a-z][a-zA-Z0-9-]{0,62}|\d{5}|(?:[A-Za-z0-9._-]|%[0-9A-F]{2}){1,64}))*$'
union all
select 'the attempts of a node count up from 1', run_id, node || ': ' || string_agg(attempt::text, ',' order by attempt)
from baton.failure group by run_id, node
having max(attempt) <> count(*)
union all
select 'a checkpoint is the attempt after the last failure of its node', c.run_id, c.node || ' attempt ' || c.attempt
from baton.checkpoint c
where c.attempt > 0 and c.attempt <> least(1 + (select count(*) from baton.failure f where f.run_id = c.run_id and f.node = c.node), 32767)
union all
select 'nothing happens after an ending', e.run_id, e.status || ' at ' || e.at
from baton.ending e
where exists (
    select from baton.checkpoint c where c.run_id = e.run_id and c.started_at > e.at
      and not exists (select from earlier where c.started_at <@ doubtful))
   or exists (
    select from baton.failure f where f.run_id = e.run_id and f.started_at > e.at
      and not exists (select from earlier where f.started_at <@ doubtful))
union all
select 'a run that is to be undone fails or is cancelled, and is cancelled only once all is undone', e.run_id, e.status
from baton.ending e join baton.checkpoint v on v.run_id = e.run_id and v.node = '~verdict'
where e.status not in ('failed', 'cancelled')
   or (e.status = 'cancelled' and not exists (select from baton.checkpoint u where u.run_id = e.run_id and u.node = '~undone'))
union all
select 'nothing is undone of a run that is not to be', u.run_id, u.node
from (
  select run_id, node from baton.checkpoint where starts_with(node, '~undo')
  union all select run_id, node from baton.failure where starts_with(node, '~undo')
) as u
where not exists (select from baton.checkpoint v where v.run_id = u.run_id and v.node = '~verdict')
union all
select 'no stop is asked of a run that has ended undone', c.run_id, c.at::text
from baton.control c join baton.ending e using (run_id) join baton.checkpoint v on v.run_id = e.run_id and v.node = '~verdict'
union all
select 'what was over last is undone first', run_id, path || ' before ' || before
from (
  select u.run_id, d.node as path, d.finished_at as over, lag(d.node) over in_order as before, lag(d.finished_at) over in_order as over_before
  from baton.checkpoint u join baton.checkpoint d on d.run_id = u.run_id and d.node = substr(u.node, 7)
  where starts_with(u.node, '~undo/')
  window in_order as (partition by u.run_id order by u.finished_at, u.started_at)
) as u
where u.over > u.over_before
union all
select 'no step starts before the one before it has finished', run_id, node || ' after ' || before
from (
  select *, lag(ended) over in_order as ended_before, lag(node) over in_order as before
  from span window in_order as (partition by run_id order by position)
) as c
where began < ended_before - interval '5 milliseconds'
union all
select 'a run is due at a lawful time, in a band that pollers look at', run_id, 'band ' || band || ' at ' || run_at
from baton.ready
where band not in (select b from baton.list_bands() as b) or not isfinite(run_at)
   or (run_at > baton.now() + interval '96432 hours' and run_at <> '9999-12-31 00:00:00+00'::timestamptz)
union all
select 'what happened has a time, and ends after it began', run_id, source || ' from ' || began || ' to ' || ended
from (
  select run_id, 'checkpoint ' || node as source, started_at as began, finished_at as ended from baton.checkpoint
  union all select run_id, 'failure of ' || node, started_at, finished_at from baton.failure
  union all select run_id, 'retry of ' || node, finished_at, retry_at from baton.failure where retry_at is not null
) as happened
where not isfinite(began) or not isfinite(ended) or ended < began
union all
select 'attributes are an object with something in it, of at most 2 KiB', run_id, left(attributes::text, 100)
from baton.attribute
where jsonb_typeof(attributes) <> 'object' or attributes = '{}' or octet_length(attributes::text) > 2048
union all
select 'a lease holds somebody, or has told its poller that nobody is left', null, token::text
from baton.lease
where round = 0 and (baton.list_members(run_ids, gone)).ids is null
union all
select 'a lease has as many marks as slots', null, token::text
from baton.lease
where length(gone) <> cardinality(run_ids) or not isfinite(expires_at)
union all
-- A hook's run that is deleted leaves its row.
select 'every ending of a workflow with a hook has its hook''s run', e.run_id, e.status || ' at ' || e.at || ', hook ' || h.hook
from baton.ending e join baton.run r on r.id = e.run_id
join baton.workflow w on w.name = r.workflow and w.version = r.version and e.at > w.since
cross join lateral (values ('failed', case when e.status = 'failed' then w.when_failed end), ('ended', w.when_ended)) as h (hook, starts)
where h.starts is not null
  and not exists (select from baton.hook_run x where x.hook_run_id = e.run_id)
  and not exists (
    select from baton.hook_run x
    where x.run_id = e.run_id and x.hook = h.hook and x.ending = (select count(*) from baton.redrive d where d.run_id = e.run_id))
union all
select 'no run is started by a hook but for an ending, and none for that of a hook''s run', x.hook_run_id, x.hook || ' of ' || x.run_id || ', ending ' || x.ending
from baton.hook_run x
where x.run_id is not null and (
  exists (select from baton.hook_run y where y.hook_run_id = x.run_id)
  or x.ending + case when exists (select from baton.ending e where e.run_id = x.run_id) then 0 else 1 end
    > (select count(*) from baton.redrive d where d.run_id = x.run_id))
union all
select 'a hook''s run is told of the ending that it follows', x.hook_run_id, x.hook || ' of ' || x.run_id
from baton.hook_run x join baton.run r on r.id = x.hook_run_id
where x.run_id is not null and (r.input ->> 'run' is distinct from x.run_id::text or (x.hook = 'failed' and r.input ->> 'status' <> 'failed'))
union all
select 'a hook belongs to a run that is there', x.hook_run_id, coalesce(x.run_id::text, 'none')
from baton.hook_run x
where not exists (select from baton.run r where r.id = coalesce(x.run_id, x.hook_run_id))
union all
select 'an action on one life of a run is noted once', run_id, action || ' ' || redrives
from noted group by run_id, action, redrives
having count(*) > 1
union all
select 'where a redrive of a run is noted, the last one is', run_id, max(redrives) || ' is noted last'
from noted n where action = 'redrive' group by run_id
having max(redrives) + 1 <> (select count(*) from baton.redrive v where v.run_id = n.run_id)
