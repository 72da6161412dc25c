-- Stores the outputs of a round; returns the runs of which one was not stored: no member at that place, or, if checked, a duplicate.
-- That is a bug somewhere, so nothing else of such a run is applied; its neighbours do not notice.
-- Unchecked, a duplicate is left to the primary key, which refuses the whole round (23505): a look at the key costs 2 µs a step,
-- ON CONFLICT 48 bytes of WAL. Nobody but the holder of the lease stores outputs of its members, so it does not happen.
-- steps: one array for each column; an object for each step costs half as much again to read (5.5 against 3 µs).
create or replace function baton.append_checkpoints(held baton.lease, steps jsonb, checked boolean, moment timestamptz) returns uuid[]
language plpgsql volatile
as $$
declare
  stored uuid[];
begin
  if steps is null then
    return '{}';
  end if;
  with appended as (
    insert into baton.checkpoint (run_id, node, position, attempt, started_at, finished_at, output)
    select s.run::uuid, s.node, s.position::smallint, s.attempt::smallint,
      moment - (s.age_ms::integer + s.took_ms::integer) * interval '1 millisecond', moment - s.age_ms::integer * interval '1 millisecond', s.output
    from rows from (
      jsonb_array_elements_text(steps -> 'place'), jsonb_array_elements_text(steps -> 'run'), jsonb_array_elements_text(steps -> 'node'),
      jsonb_array_elements_text(steps -> 'position'), jsonb_array_elements_text(steps -> 'attempt'),
      jsonb_array_elements_text(steps -> 'age_ms'), jsonb_array_elements_text(steps -> 'took_ms'), jsonb_array_elements(steps -> 'output')
    ) as s (place, run, node, position, attempt, age_ms, took_ms, output)
    where baton.is_member(held, s.place::integer, s.run::uuid)
      and (not checked or not exists (select from baton.checkpoint c where c.run_id = s.run::uuid and c.node = s.node))
    returning run_id
  )
  select array_agg(run_id) into stored from appended;
  if coalesce(cardinality(stored), 0) = jsonb_array_length(steps -> 'run') then
    return '{}';
  end if;
  return array(
    select run::uuid from jsonb_array_elements_text(steps -> 'run') as s (run)
    group by run having count(*) > (select count(*) from unnest(stored) as t (id) where t.id = s.run::uuid));
end
$$;
