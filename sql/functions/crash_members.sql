-- Counts a crash of their poller against runs and puts them back as suspects, or ends them as
-- poison.
-- Alone in its lease, a run is the cause: the third such crash is poison. In company it may be
-- innocent, so suspects come back in shrinking leases (64, 8, 1) and only a crash in a lease of one
-- counts; one poison in 500 costs six pollers.
-- Only a lease that began can count: a round was applied since the claim, so the claim's answer
-- came. A poller of suspects sends one before it starts them. Without one, a run is suspected, and
-- as much as before if it was already: its steps may never have started. A run that progressed
-- since the claim begins anew at the first crash.
-- Returns how many were poison, runs that are no longer there among them.
create or replace function baton.crash_members(held baton.lease, ids uuid[], moment timestamptz) returns integer
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
declare
  lowest uuid;
  highest uuid;
  present uuid[];
  alone boolean := cardinality(held.run_ids) = 1;
  began boolean := held.round > held.fresh_round;
  progressed uuid[];
  doubtful uuid[];
  poison jsonb;
  crashes integer := greatest(held.crashes, case when alone then 3 else 1 end);
begin
  ids := array(select t.id from unnest(ids) as t (id) order by t.id);
  lowest := ids[1];
  highest := ids[cardinality(ids)];
  present := array(select r.id from baton.run r where r.id = any (array(select unnest(ids))) and r.id between lowest and highest);
  if began and (alone or held.crashes > 0) then
    crashes := case when alone then crashes + 1 else least(held.crashes + 1, 3) end;
  end if;
  if began or held.crashes = 0 then
    insert into baton.failure (run_id, node, attempt, started_at, finished_at, retry_at, error)
    select t.id, '', least(f.crashes + 1, 32767), least(held.claimed_at, moment), moment, moment, jsonb_build_object('name', 'PollerCrashedError',
      'message', format('Its lease ran out %s seconds ago: the poller did not answer in time; it crashed, was frozen, or its event loop was blocked.',
        floor(extract(epoch from moment) - extract(epoch from held.expires_at))))
    from unnest(present) as t (id)
    cross join lateral (
      select count(*) as crashes from baton.failure where run_id = t.id and run_id between lowest and highest and node = ''
    ) as f
    on conflict do nothing;
  end if;
  progressed := baton.runs_with_progress(present, held.claimed_at);
  doubtful := array(select unnest(present) except select unnest(progressed));
  perform baton.put_back(progressed, array_fill(moment, array[cardinality(progressed)]), case when alone then 4 else 1 end, home => held.queue);
  if crashes > 5 then
    poison := jsonb_build_object('name', 'PoisonError', 'message',
      'Three leases in a row ran out while they held this run alone: its step ends the process or blocks the event loop. Mend it, then redrive the run.');
    doubtful := baton.undo_failed(doubtful, poison, moment, true);
    perform baton.end_runs(doubtful, 'failed', array_fill(poison, array[cardinality(doubtful)]), true, moment);
    return cardinality(ids) - cardinality(progressed);
  end if;
  perform baton.put_back(doubtful, array_fill(moment, array[cardinality(doubtful)]), crashes, home => held.queue);
  return cardinality(ids) - cardinality(present);
end
$$;
