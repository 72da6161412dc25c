-- What a run's own page says of hooks: { follows: { run, ending, hook }, followed_by: [{ run,
-- ending, hook }] }; null where it has none. follows: the run whose ending has started this one;
-- its id is null when it is gone. followed_by: runs that its own endings have started, the first
-- 100. ending: how often the run that ended had been redriven; hook: failed or ended.
create or replace function baton.describe_hooks(id uuid) returns json
language plpgsql stable
as $$
declare
  follows json := (
    select json_build_object('run', h.run_id, 'ending', h.ending, 'hook', h.hook) from baton.hook_run h where h.hook_run_id = describe_hooks.id);
  followed_by json := (
    select json_agg(json_build_object('run', h.hook_run_id, 'ending', h.ending, 'hook', h.hook) order by h.ending, h.hook)
    from (select * from baton.hook_run o where o.run_id = describe_hooks.id order by o.ending, o.hook limit 100) as h);
begin
  return case when follows is not null or followed_by is not null then json_build_object('follows', follows, 'followed_by', followed_by) end;
end
$$;
