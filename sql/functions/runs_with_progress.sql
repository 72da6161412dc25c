-- Which of these runs stored a checkpoint or a failure since a moment: they survived their step, so
-- they are no suspects. Planned for their weeks, as put_back is.
create or replace function baton.runs_with_progress(ids uuid[], since timestamptz) returns uuid[]
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
begin
  return array(
    select t.id from unnest(ids) as t (id)
    cross join lateral (
      select count(*) as n from baton.checkpoint
      where run_id = t.id and run_id between lowest and highest and started_at >= since) as c
    cross join lateral (
      select count(*) as n from baton.failure
      where run_id = t.id and run_id between lowest and highest and node <> '' and started_at >= since) as f
    where c.n + f.n > 0
  );
end
$$;
