-- Of runs that have failed by these errors, parallel to ids: the path of the attempt that failed
-- for good by it, and how many attempts it had since the run was last redriven. A run of which no
-- attempt did, such as a poison, is left out. Planned for the weeks of the ids, as put_back is.
create or replace function baton.explain_endings(ids uuid[], errors jsonb[]) returns table (id uuid, node text, attempts integer)
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
begin
  return query
  select distinct on (e.id) e.id, f.node, f.attempt - k.forgiven
  from unnest(ids, errors) as e (id, error)
  join baton.failure f on f.run_id = e.id and f.run_id = any (array(select unnest(ids))) and f.run_id between lowest and highest
  left join lateral (select r.forgiven from baton.redrive r where r.run_id = e.id order by r.at desc limit 1) as v on true
  cross join lateral (select coalesce((v.forgiven ->> f.node)::integer, 0) as forgiven) as k
  where f.node <> '' and f.retry_at is null and f.error = e.error and f.attempt > k.forgiven
  order by e.id, f.finished_at desc, f.node;
end
$$;
