-- Which of these runs have failed, were cancelled, or are deleted. Planned for their weeks, as
-- put_back is.
create or replace function baton.find_unsuccessful(ids uuid[]) returns uuid[]
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
    select i.id from unnest(ids) as i (id)
    left join lateral (select e.status from baton.ending e where e.run_id = i.id and e.run_id between lowest and highest limit 1) as e on true
    where e.status <> 'done'
      or e.status is null and not exists (select from baton.run r where r.id = i.id and r.id between lowest and highest));
end
$$;
