-- Starts the runs that follow endings which were just stored, in the transaction that stores them:
-- errors is parallel to ids, or null. A run that was itself started so is followed by none, or a
-- hook that fails would never come to an end.
-- Each is due now, before this moment by a microsecond for each, so that the same round may claim
-- it; its input is { run, workflow, status, error, node, attempts }. An error that is larger than
-- an input may be, which no poller stores, keeps its name and the beginning of its message.
-- Nothing here may depend on what the runs are like: an ending would be refused with it.
-- Planned for the weeks of the ids, as put_back is.
create or replace function baton.start_hooks(ids uuid[], new_status text, errors jsonb[], moment timestamptz) returns void
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
  of_hooks uuid[] := array(select h.hook_run_id from baton.hook_run h where h.hook_run_id = any (ids));
  runs jsonb;
  started integer;
begin
  with ended as (
    select r.id, r.workflow, r.priority, e.error, w.when_failed, w.when_ended
    from unnest(ids, errors) as e (id, error)
    join baton.run r on r.id = e.id and r.id = any (array(select unnest(ids))) and r.id between lowest and highest
    join baton.workflow w on w.name = r.workflow and w.version = r.version
    where r.id <> all (of_hooks)
  ), called as (
    select e.*, h.hook, h.starts, baton.new_id() as hook_run_id
    from ended e
    cross join lateral (values ('failed', case when new_status = 'failed' then e.when_failed end), ('ended', e.when_ended)) as h (hook, starts)
    where h.starts is not null
  ), noted as (
    insert into baton.hook_run (hook_run_id, run_id, ending, hook)
    select c.hook_run_id, c.id, (select count(*) from baton.redrive d where d.run_id = c.id), c.hook from called c
  )
  select count(*), jsonb_build_object('id', jsonb_agg(c.hook_run_id), 'workflow', jsonb_agg(c.starts -> 'name'),
    'version', jsonb_agg(c.starts -> 'version'), 'priority', jsonb_agg(c.priority),
    'input', jsonb_agg(jsonb_build_object('run', c.id, 'workflow', c.workflow, 'status', new_status, 'node', f.node, 'attempts', coalesce(f.attempts, 0),
      'error', case when octet_length(c.error::text) > 131072 then
        jsonb_build_object('name', left(c.error ->> 'name', 200), 'message', left(c.error ->> 'message', 8192)) else c.error end)))
  into started, runs
  from called c
  left join baton.explain_endings(array(select e.id from ended e where new_status = 'failed'), array(select e.error from ended e where new_status = 'failed')) as f
    on f.id = c.id;
  if started > 0 then
    perform baton.ensure_week(baton.now());
    perform baton.store_runs(runs, null, null, true, moment - started * interval '1 microsecond');
  end if;
end
$$;
