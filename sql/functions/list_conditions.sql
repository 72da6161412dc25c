-- What a list asks of a run, filter by filter: conditions on the rows of run r, ending e, attribute
-- a, failure f, ready q, or on the id of an entry; no key where it asks nothing. The values stand
-- in them, since each statement of a list is planned when it runs; $1 and $2 are the bounds of ids.
--
-- Only a failed run has an error or a failed node. The node is one whose last attempt was not to be
-- tried again and that has no output: what failed before a redrive has one by now, or failed again,
-- or another failed before it was tried again. A node is named by its path, and the plan of one is
-- no output. That takes two looks by key, however many attempts there were. Looks are scalar
-- subqueries: exists may be answered by reading a whole week once.
create or replace function baton.list_conditions(wanted jsonb, moment timestamptz) returns jsonb
language plpgsql stable
as $$
declare
  status text := wanted ->> 'status';
  node text := quote_literal(wanted ->> 'failed_node');
begin
  return jsonb_strip_nulls(jsonb_build_object(
    'workflow', 'r.workflow collate "C" = ' || quote_literal(wanted ->> 'workflow'),
    'version', 'r.version = ' || quote_literal((wanted ->> 'version')::integer),
    'created_after', 'r.created_at >= ' || quote_literal((wanted ->> 'created_after')::timestamptz),
    'created_before', 'r.created_at < ' || quote_literal((wanted ->> 'created_before')::timestamptz),
    'ending', nullif(concat_ws(' and ', 'e.status = ' || quote_literal(case when status in ('done', 'failed', 'cancelled') then status end),
      case when wanted ?| '{error_name,failed_node}' then 'e.status = ''failed''' end), ''),
    'error', 'left(e.error ->> ''name'', 200) collate "C" = ' || quote_literal(left(wanted ->> 'error_name', 200)),
    'ended_after', 'e.at >= ' || quote_literal((wanted ->> 'ended_after')::timestamptz),
    'ended_before', 'e.at < ' || quote_literal((wanted ->> 'ended_before')::timestamptz),
    'attributes', 'a.attributes @> ' || quote_literal(wanted -> 'attributes'),
    'leaf', case when wanted -> 'attributes' @? 'strict $.** ? (@.type() != "object" && @.type() != "array")' then 'true' end,
    'failure', 'f.retry_at is null and f.node = ' || node,
    'node', replace('(select f.retry_at is null from baton.failure f where f.run_id = entry.id and f.run_id >= $1 and f.run_id < $2
        and f.node = % order by f.attempt desc limit 1)
      and (select c.node from baton.checkpoint c where c.run_id = entry.id and c.run_id >= $1 and c.run_id < $2 and c.node = % and c.attempt > 0) is null', '%', node),
    'due', 'q.run_at ' || case status when 'ready' then '<= ' when 'waiting' then '> ' end || quote_literal(moment),
    'blocked', case status when 'blocked' then 'true' end,
    'place', format('baton.place_status(entry.id, %L) = ', moment)
      || quote_literal(case when status <> all ('{done,failed,cancelled}') then status end)
      || ' and (select e.status from baton.ending e where e.run_id = entry.id and e.run_id >= $1 and e.run_id < $2) is null'));
end
$$;
