-- Which of these runs stored a checkpoint or a failure since a moment: they survived their step, so they are no suspects.
create or replace function baton.progressed_among(ids uuid[], since timestamptz) returns uuid[]
language plpgsql stable
as $$
begin
  return array(
    select t.id from unnest(ids) as t (id)
    cross join lateral (select count(*) as n from baton.checkpoint where run_id = t.id and started_at >= since) as c
    cross join lateral (select count(*) as n from baton.failure where run_id = t.id and node <> '' and started_at >= since) as f
    where c.n + f.n > 0
  );
end
$$;
