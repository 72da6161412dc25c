-- When waiting runs are due, by what is stored of them, after the clock was set from was to set_to:
-- null for a run that waits for nothing. A wait that began at a moment which is still to come, so
-- by the clock of before, has as long to go as when that clock was last seen. One that began at a
-- moment that is past ends when it was to end; and so does a start that was named as a moment.
-- Below a node several may wait, and the run for the first of them.
-- set_to: null where only the latter are asked for. In the order of the ids, planned for their
-- weeks as put_back is.
create or replace function baton.recompute_due(ids uuid[], was timestamptz, set_to timestamptz, moment timestamptz) returns timestamptz[]
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
    select (
      select coalesce(max(w.due) filter (where not w.below), min(w.due) filter (where w.below))
      from (
        select case when v.began <= moment then v.until else set_to + greatest(v.until - greatest(v.began, was), interval '0') end as due, v.below
        from (
          select case when r.start_is_named then '-infinity' else r.created_at end as began, r.start_at as until, false as below, false as of_undo
          from baton.run r where r.id = t.id and r.id between lowest and highest and r.start_at > moment
          union all
          select c.started_at, c.finished_at, strpos(c.node, '/') > 0, false
          from baton.checkpoint c where c.run_id = t.id and c.run_id between lowest and highest and c.finished_at > moment
            and c.output ->> 'until' = to_char(c.finished_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
          union all
          select f.finished_at, f.retry_at, strpos(f.node, '/') > 0, starts_with(f.node, '~undo/')
          from baton.failure f where f.run_id = t.id and f.run_id between lowest and highest and f.retry_at > moment
            and not exists (
              select from baton.checkpoint d where d.run_id = t.id and d.run_id between lowest and highest and d.node = f.node)
        ) as v
        where isfinite(v.until) and v.began < 'infinity'
          -- Of a run that is undone, what it slept for is past.
          and (v.of_undo or not exists (
            select from baton.checkpoint u where u.run_id = t.id and u.run_id between lowest and highest and u.node = '~verdict'))
      ) as w
    )
    from unnest(ids) with ordinality as t (id, nth)
    order by t.nth);
end
$$;
