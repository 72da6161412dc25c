-- The outputs of runs, by run and node; null when there are none. waits: until when sleeps below a
-- node last, by run and path. A sleep of a run's own chain says nothing: its run is due when it is
-- over. The ids lie between lowest and highest, which keeps other weeks out. The ids are hidden
-- from the plan, as in describe_members.
create or replace function baton.gather_outputs(ids uuid[], lowest uuid, highest uuid, moment timestamptz, out outputs json, out waits json)
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
begin
  select json_object_agg(r.run_id, r.outputs), json_object_agg(r.run_id, r.waits) filter (where r.waits is not null)
  into gather_outputs.outputs, gather_outputs.waits
  from (
    select c.run_id, json_object_agg(c.node, c.output) as outputs,
      json_object_agg(c.node, baton.wait_until(c.started_at, c.finished_at, moment))
        filter (where c.finished_at > moment and strpos(c.node, '/') > 0) as waits
    from baton.checkpoint c where c.run_id = any (array(select unnest(ids))) and c.run_id between lowest and highest group by c.run_id
  ) as r;
end
$$;
