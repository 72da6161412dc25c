-- Cancels the members of a lease of which a stop was asked and that have not just ended: stopped.
-- called_off: those that are to be undone first, which their poller is told. A run that is being
-- undone goes on.
create or replace function baton.stop_members(held baton.lease, ended integer[], moment timestamptz, out stopped uuid[], out called_off uuid[])
language plpgsql volatile
as $$
declare
  asked uuid[];
begin
  stopped := '{}';
  if not exists (select from baton.control) then
    return;
  end if;
  asked := array(
    select c.run_id from unnest(held.run_ids) with ordinality as m (run_id, nth) join baton.control c using (run_id)
    where get_bit(held.gone, (nth - 1)::integer) = 0 and (nth - 1)::integer <> all (ended));
  perform baton.forget_stops(asked);
  stopped := array(select c.run_id from baton.control c where c.run_id = any (asked) and not c.undo);
  called_off := array(select c.run_id from baton.control c where c.run_id = any (asked) and c.undo);
  perform baton.end_each(stopped, 'cancelled', null, moment);
end
$$;
