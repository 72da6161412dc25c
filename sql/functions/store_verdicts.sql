-- Stores what runs come to once they are undone, and forgets stops asked for them. Returns those of
-- which it was not stored before. crashed: what they were at has ended their pollers.
create or replace function baton.store_verdicts(ids uuid[], status text, error jsonb, crashed boolean, moment timestamptz) returns uuid[]
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
  stored uuid[];
begin
  if lowest is null then
    return '{}';
  end if;
  with verdict as (
    insert into baton.checkpoint (run_id, node, position, attempt, started_at, finished_at, output)
    select r.id, '~verdict', p.position, 0, moment, moment,
      jsonb_build_object('status', status, 'error', error) || case when crashed then '{"crashed": true}' else '{}' end::jsonb
    from baton.run r
    cross join lateral (
      select coalesce(max(c.position), 0)::smallint as position from baton.checkpoint c
      where c.run_id = r.id and c.run_id between lowest and highest and c.node < '~') as p
    where r.id = any (array(select unnest(ids))) and r.id between lowest and highest
    on conflict do nothing
    returning run_id
  )
  select coalesce(array_agg(v.run_id), '{}') into stored from verdict v;
  if exists (select from baton.control) then
    delete from baton.control c where c.run_id = any (stored);
  end if;
  return stored;
end
$$;
