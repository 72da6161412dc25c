-- Makes those parents due whose place somebody held before. Returns whether one is due now.
create or replace function baton.wake_noted(moment timestamptz) returns boolean
language plpgsql volatile
as $$
declare
  noted uuid[];
begin
  with gone as (
    delete from baton.wakeup where run_id = any (array(select run_id from baton.wakeup limit 1000 for update skip locked)) returning run_id
  )
  select array_agg(g.run_id) into noted from gone g;
  return baton.wake_runs(noted, moment);
end
$$;
