-- Stores the checkpoint { until } of each sleep that begins and parks its run until then; the database's clock says when.
-- finished_at is that moment too, so that places can be rebuilt without knowing what a sleep is. Returns the places they leave.
create or replace function baton.append_sleeps(held baton.lease, sleeps jsonb, skipped uuid[], moment timestamptz) returns integer[]
language plpgsql volatile
as $$
declare
  ids uuid[];
  wakes timestamptz[];
  places integer[];
begin
  if coalesce(jsonb_array_length(sleeps), 0) = 0 then
    return '{}';
  end if;
  with begun as (
    insert into baton.checkpoint (run_id, node, position, attempt, started_at, finished_at, output)
    select s.run, s.node, s.position, 1, moment, s.until,
      jsonb_build_object('until', to_char(s.until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
    from (
      select r.*, moment + r.delay_ms * interval '1 millisecond' as until
      from jsonb_to_recordset(sleeps) as r (place integer, run uuid, node text, position smallint, delay_ms bigint)
    ) as s
    where held.run_ids[s.place + 1] = s.run and get_bit(held.gone, s.place) = 0 and s.run <> all (skipped)
    on conflict do nothing
    returning run_id, finished_at
  )
  select array_agg(run_id), array_agg(finished_at) into ids, wakes from begun;
  perform baton.put_back(ids, wakes);
  select array_agg(r.place) into places from jsonb_to_recordset(sleeps) as r (place integer, run uuid) where r.run = any (ids);
  return coalesce(places, '{}');
end
$$;
