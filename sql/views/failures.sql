-- One row for each failed attempt, without its stack.
--
-- node: its path, null where the poller crashed; retry_at: when it is tried again, null where it is
-- not; fingerprint: name and message without ids and numbers, the same for errors of one kind.
-- grant: baton_reader, baton_operator
create or replace view baton.failures as
select f.run_id, (select r.workflow from baton.run r where r.id = f.run_id) as workflow, nullif(f.node, '') as node, f.attempt,
  f.started_at, f.finished_at,
  round(baton.ms_between(f.started_at, f.finished_at))::bigint as duration_ms,
  f.retry_at, f.error ->> 'name' as error_name, f.error ->> 'message' as error_message,
  baton.fingerprint(f.error ->> 'name', f.error ->> 'message') as fingerprint
from baton.failure f;
