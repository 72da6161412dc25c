-- Cancels the members of a lease of which a stop was asked, or whose parent has ended, and that
-- have not just ended: stopped. called_off: those that are to be undone first, which their poller
-- is told. A run that is being undone goes on.
create or replace function baton.stop_members(held baton.lease, ended integer[], moment timestamptz, out stopped uuid[], out called_off uuid[])
language plpgsql volatile
as $$
declare
  asked uuid[];
  orphaned uuid[];
begin
  stopped := '{}';
  if not exists (select from baton.control) and not exists (select from baton.stopping) then
    return;
  end if;
  orphaned := baton.find_stopped(held.run_ids);
  asked := array(
    select m.run_id from unnest(held.run_ids) with ordinality as m (run_id, nth)
    where (m.run_id = any (orphaned) or exists (select from baton.control c where c.run_id = m.run_id))
      and get_bit(held.gone, (nth - 1)::integer) = 0 and (nth - 1)::integer <> all (ended));
  perform baton.forget_stops(asked);
  called_off := array(select c.run_id from baton.control c where c.run_id = any (asked) and c.undo);
  stopped := array(
    select a.id from unnest(asked) as a (id)
    where (a.id = any (orphaned) and a.id <> all (called_off)) or exists (select from baton.control c where c.run_id = a.id and not c.undo));
  perform baton.end_each(stopped, 'cancelled', null, moment);
end
$$;
