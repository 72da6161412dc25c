-- Cancels the members of a lease of which a stop was asked, or whose parent has ended, and that
-- have not just ended. Returns their ids.
create or replace function baton.stop_members(held baton.lease, ended integer[], moment timestamptz) returns uuid[]
language plpgsql volatile
as $$
declare
  stopped uuid[] := '{}';
begin
  if exists (select from baton.control) or exists (select from baton.stopping) then
    select array_agg(run_id) into stopped
    from unnest(held.run_ids) with ordinality as m (run_id, nth)
    where run_id = any (baton.runs_to_stop(held.run_ids)) and get_bit(held.gone, (nth - 1)::integer) = 0 and (nth - 1)::integer <> all (ended);
    perform baton.end_each(stopped, 'cancelled', null, moment);
  end if;
  return coalesce(stopped, '{}');
end
$$;
