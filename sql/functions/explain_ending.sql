-- Of a run that has failed by this error: the path of the attempt that failed for good by it, and
-- how many attempts it had since the run was last redriven. Null and 0: no attempt did, such as of
-- a poison. Planned for the week of its id, as cancel is.
create or replace function baton.explain_ending(id uuid, error jsonb, out node text, out attempts integer)
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
begin
  select f.node, f.attempt - coalesce((v.forgiven ->> f.node)::integer, 0) into node, attempts
  from baton.failure f
  left join lateral (
    select forgiven from baton.redrive r where r.run_id = explain_ending.id order by r.at desc limit 1) as v on true
  where f.run_id = explain_ending.id and f.node <> '' and f.retry_at is null and f.error = explain_ending.error
    and f.attempt > coalesce((v.forgiven ->> f.node)::integer, 0)
  order by f.finished_at desc, f.node
  limit 1;
  attempts := coalesce(attempts, 0);
end
$$;
