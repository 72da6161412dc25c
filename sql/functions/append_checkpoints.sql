-- Stores the outputs of a round; returns the runs of which one was not stored: a duplicate, or no member at that place.
-- That is a bug somewhere, so nothing else of such a run is applied; its neighbours do not notice.
create or replace function baton.append_checkpoints(held baton.lease, steps jsonb, moment timestamptz) returns uuid[]
language plpgsql volatile
as $$
declare
  stored uuid[];
  lost uuid[] := '{}';
begin
  if coalesce(jsonb_array_length(steps), 0) = 0 then
    return lost;
  end if;
  with appended as (
    insert into baton.checkpoint (run_id, node, position, attempt, started_at, finished_at, output)
    select s.run, s.node, s.position, s.attempt, moment - (s.age_ms + s.took_ms) * interval '1 millisecond',
      moment - s.age_ms * interval '1 millisecond', coalesce(s.output, 'null')
    from jsonb_to_recordset(steps)
      as s (place integer, run uuid, node text, position smallint, attempt smallint, age_ms integer, took_ms integer, output jsonb)
    where held.run_ids[s.place + 1] = s.run and get_bit(held.gone, s.place) = 0
    on conflict do nothing
    returning run_id
  )
  select array_agg(run_id) into stored from appended;
  if coalesce(cardinality(stored), 0) < jsonb_array_length(steps) then
    lost := array(select s.run from jsonb_to_recordset(steps) as s (run uuid) group by s.run
      having count(*) > (select count(*) from unnest(stored) as t (id) where t.id = s.run));
  end if;
  return lost;
end
$$;
