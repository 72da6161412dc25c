-- Which of these runs are undone before they end, or were. Planned for their weeks, as put_back is.
create or replace function baton.runs_with_verdict(ids uuid[]) returns uuid[]
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
begin
  if lowest is null then
    return '{}';
  end if;
  return array(
    select c.run_id from baton.checkpoint c
    where c.run_id = any (array(select unnest(ids))) and c.run_id between lowest and highest and c.node = '~verdict');
end
$$;
