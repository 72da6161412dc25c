-- One row for each run: how it stands, when it was due, began and ended, and what it came to. No
-- payload: baton.state(id) has that, for who may execute it.
--
-- started_at: when its first attempt began; due_at: when a run that is ready or waiting is due;
-- waited_ms: from start_at to started_at; duration_ms: from started_at to ended_at; steps: outputs
-- of steps, as in baton.steps; failures: failed attempts; crashes: of its poller; input_bytes: as
-- stored.
-- Each column that lies in another table is a look-up of its own, by key and in the week of the
-- run: one that is not selected costs nothing, and no join reads the other weeks.
-- grant: baton_reader, baton_operator
create or replace view baton.runs as
select id, workflow, version, priority, status, created_at, start_at, due_at, started_at, ended_at,
  round(baton.ms_between(start_at, started_at))::bigint as waited_ms,
  round(baton.ms_between(started_at, ended_at))::bigint as duration_ms,
  steps, failures, crashes, redrives, error_name, error_message, input_bytes
from (
  select r.id, r.workflow, r.version, r.priority, r.created_at, r.start_at, pg_column_size(r.input) as input_bytes,
    coalesce(
      (select e.status from baton.ending e where e.run_id = r.id),
      (select 'blocked' from baton.blocked b where b.run_id = r.id),
      (select case when q.run_at > baton.moment() then 'waiting' else 'ready' end from baton.ready q where q.run_id = r.id),
      'running') as status,
    (select q.run_at from baton.ready q where q.run_id = r.id) as due_at,
    least(
      (select min(c.started_at) from baton.checkpoint c where c.run_id = r.id and c.attempt > 0),
      (select min(f.started_at) from baton.failure f where f.run_id = r.id)) as started_at,
    (select e.at from baton.ending e where e.run_id = r.id) as ended_at,
    (select count(*)::integer from baton.checkpoint c where c.run_id = r.id and c.attempt > 0 and strpos(c.node, '~') = 0) as steps,
    (select count(*)::integer from baton.failure f where f.run_id = r.id and f.node <> '') as failures,
    (select count(*)::integer from baton.failure f where f.run_id = r.id and f.node = '') as crashes,
    (select count(*)::integer from baton.redrive d where d.run_id = r.id) as redrives,
    (select e.error ->> 'name' from baton.ending e where e.run_id = r.id) as error_name,
    (select e.error ->> 'message' from baton.ending e where e.run_id = r.id) as error_message
  from baton.run r
) as run;
