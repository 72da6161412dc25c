-- Cuts every lease that ends later to 30 seconds, after the clock was set back: a poller that still
-- works one extends it by then, and the others are reaped. A lease whose row is locked is skipped:
-- its poller is extending it. Returns the latest end that it found; null: none, or none that a
-- clock can have written.
create or replace function baton.cut_leases(moment timestamptz) returns timestamptz
language plpgsql volatile
as $$
declare
  tokens uuid[];
  latest timestamptz;
begin
  select array_agg(late.token), max(late.expires_at) filter (where late.expires_at < moment + interval '10 years') into tokens, latest
  from (select token, expires_at from baton.lease where expires_at > moment + interval '30 seconds' for update skip locked) as late;
  update baton.lease set expires_at = moment + interval '30 seconds', claimed_at = least(claimed_at, moment) where token = any (tokens);
  return latest;
end
$$;
