-- Takes up to 20 expired leases apart and returns how many runs crashed with them.
-- Whoever advances such a lease holds its row: it is skipped here, and still good. A lease without members is just removed.
create or replace function baton.reap_leases(moment timestamptz) returns integer
language plpgsql volatile
as $$
declare
  held baton.lease;
  crashed integer := 0;
  ids uuid[];
begin
  for held in
    delete from baton.lease where token = any (array(
      select token from baton.lease where expires_at <= moment order by expires_at limit 20 for update skip locked))
    returning *
  loop
    ids := (baton.live_members(held.run_ids, held.gone)).ids;
    continue when ids is null;
    perform baton.crash_members(held, ids, moment);
    crashed := crashed + cardinality(ids);
  end loop;
  return crashed;
end
$$;
