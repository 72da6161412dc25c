-- Takes up to 20 expired leases apart and returns how many runs crashed with them, and how many of
-- these were poison.
-- A member whose run is no longer there just loses its place, and counts as poison.
-- An expired lease that a poller is advancing is skipped: that poller holds the row lock, so the
-- lease is still valid. A lease without members is just removed.
create or replace function baton.reap_leases(moment timestamptz, out crashed integer, out poisoned integer)
language plpgsql volatile
as $$
declare
  held baton.lease;
  ids uuid[];
begin
  crashed := 0;
  poisoned := 0;
  for held in
    delete from baton.lease where token = any (array(
      select token from baton.lease where expires_at <= moment order by expires_at limit 20 for update skip locked))
    returning *
  loop
    ids := (baton.list_members(held.run_ids, held.gone)).ids;
    continue when ids is null;
    poisoned := poisoned + baton.crash_each(held, ids, moment);
    crashed := crashed + cardinality(ids);
  end loop;
end
$$;
