-- Makes parked runs due. One whose place a sender of a signal holds is noted, and the next tick
-- does it: a stranger's transaction may last, and be rolled back. Returns whether one is due now.
create or replace function baton.wake_runs(ids uuid[], moment timestamptz) returns boolean
language plpgsql volatile
as $$
declare
  woken uuid[];
begin
  if coalesce(cardinality(ids), 0) = 0 then
    return false;
  end if;
  with held as (
    select q.run_id from baton.ready q where q.run_id = any (ids) and q.run_at > moment for update skip locked
  ), due as (
    update baton.ready q set run_at = moment from held h where q.run_id = h.run_id returning q.run_id
  )
  select array_agg(d.run_id) into woken from due d;
  insert into baton.wakeup (run_id)
  select q.run_id from baton.ready q where q.run_id = any (ids) and q.run_at > moment on conflict do nothing;
  return woken is not null;
end
$$;
