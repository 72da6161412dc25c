-- Which of these runs have an ending. Planned for their weeks, as put_back is.
create or replace function baton.runs_with_ending(ids uuid[]) returns uuid[]
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
begin
  return array(select run_id from baton.ending where run_id = any (array(select unnest(ids))) and run_id between lowest and highest);
end
$$;
