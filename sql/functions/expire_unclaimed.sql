-- Deletes up to so many messages by keys that no run has taken within 7 days, the oldest first, and
-- returns how many. What a poller is just taking is left alone.
create or replace function baton.expire_unclaimed(most integer, moment timestamptz) returns integer
language plpgsql volatile
as $$
declare
  expired integer;
begin
  delete from baton.unclaimed where ctid = any (array(
    select ctid from baton.unclaimed where at <= moment - interval '168 hours' order by at limit most for update skip locked));
  get diagnostics expired = row_count;
  return expired;
end
$$;
