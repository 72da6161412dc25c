-- Stores the checkpoint { until } of each sleep that begins; the database's clock says when.
-- finished_at is that moment too, so that places can be rebuilt without knowing what a sleep is.
-- One that has begun before keeps its checkpoint. attempt: 1 from a poller that does not say.
-- parks: each parks its run until then; returns the slots they leave. Else their runs stay where
-- they are.
create or replace function baton.append_sleeps(held baton.lease, sleeps jsonb, parks boolean, skipped uuid[], moment timestamptz) returns integer[]
language plpgsql volatile
as $$
declare
  ids uuid[];
  wakes timestamptz[];
  slots integer[];
  sizes integer[];
begin
  if coalesce(jsonb_array_length(sleeps), 0) = 0 then
    return '{}';
  end if;
  with entry as (
    select s.*, moment + least(s.delay_ms, 315532800000) * interval '1 millisecond' as until
    from jsonb_to_recordset(sleeps) as s (place integer, run uuid, node text, position smallint, attempt integer, delay_ms bigint, bytes integer)
    where baton.has_member(held, s.place, s.run) and s.run <> all (skipped)
  ), begun as (
    insert into baton.checkpoint (run_id, node, position, attempt, started_at, finished_at, output)
    select run, node, position, least(coalesce(attempt, 1), 32767), moment, until,
      jsonb_build_object('until', to_char(until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
    from entry
    on conflict do nothing
  )
  select array_agg(run), array_agg(until), array_agg(place), array_agg(bytes) into ids, wakes, slots, sizes from entry;
  if not parks then
    return '{}';
  end if;
  perform baton.put_back(ids, wakes, sizes => sizes, home => held.queue);
  return coalesce(slots, '{}');
end
$$;
