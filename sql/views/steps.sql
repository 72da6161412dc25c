-- One row for each stored output of a step, without the output. What was stored without a handler,
-- such as what was skipped or the plan of a map, is no step, and neither is a mark of the engine's.
--
-- node: its path; position: that of the node of the chain to which it belongs, the same for all
-- below; attempt: the one that succeeded; duration_ms: how long that attempt took, or a sleep
-- lasts; is_sleep: a sleep, whose finished_at is when it is over and may lie ahead; output_bytes:
-- as stored.
-- A sleep is told by its output, which is exactly the time when it is over; what is larger is not
-- read.
-- grant: baton_reader, baton_operator
create or replace view baton.steps as
select c.run_id, (select r.workflow from baton.run r where r.id = c.run_id) as workflow, c.node, c.position, c.attempt,
  c.started_at, c.finished_at,
  round(baton.ms_between(c.started_at, c.finished_at))::bigint as duration_ms,
  case when pg_column_size(c.output) < 100
    then c.output = jsonb_build_object('until', to_char(c.finished_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) else false end as is_sleep,
  pg_column_size(c.output) as output_bytes
from baton.checkpoint c
where c.attempt > 0 and strpos(c.node, '~') = 0;
