-- Which of these runs there are. Planned for their weeks, as put_back is.
create or replace function baton.existing_runs(ids uuid[]) returns uuid[]
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
begin
  return array(select id from baton.run where id = any (ids) and id between lowest and highest);
end
$$;
