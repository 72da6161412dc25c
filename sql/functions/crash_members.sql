-- Counts a crash of their poller against runs and puts them back as suspects, or ends them as poison.
-- Alone in its lease, a run is the cause: the third such crash is poison. In company it may be innocent, so suspects come
-- back in shrinking leases (64, 8, 1) and only a crash in a lease of one counts; one poison in 500 costs six pollers.
-- A run that progressed since the claim begins anew at the first crash. Returns how many were poison.
create or replace function baton.crash_members(held baton.lease, ids uuid[], moment timestamptz) returns integer
language plpgsql volatile
as $$
declare
  alone boolean := cardinality(held.run_ids) = 1;
  progressed uuid[] := baton.progressed_among(ids, held.claimed_at);
  doubtful uuid[] := array(select unnest(ids) except select unnest(progressed));
  crashes integer := case when alone then greatest(held.crashes, 3) + 1 else least(held.crashes + 1, 3) end;
begin
  insert into baton.failure (run_id, node, attempt, started_at, finished_at, retry_at, error)
  select t.id, '', f.crashes + 1, held.claimed_at, moment, moment, jsonb_build_object('name', 'PollerCrashedError',
    'message', 'the poller that ran this stopped without a word')
  from unnest(ids) as t (id)
  cross join lateral (select count(*) as crashes from baton.failure where run_id = t.id and node = '') as f;
  perform baton.put_back(progressed, array_fill(moment, array[cardinality(progressed)]), case when alone then 4 else 1 end);
  if crashes > 5 then
    perform baton.end_runs(doubtful, 'failed', array_fill(jsonb_build_object('name', 'PoisonError', 'message',
      'three pollers in a row stopped while they ran this run alone; mend the step that kills its process, then redrive the run'),
      array[cardinality(doubtful)]), true, moment);
    return cardinality(doubtful);
  end if;
  perform baton.put_back(doubtful, array_fill(moment, array[cardinality(doubtful)]), crashes);
  return 0;
end
$$;
