-- Forgets up to so many idempotency keys whose time is over, the oldest first.
create or replace function baton.forget_keys(most integer, moment timestamptz) returns void
language plpgsql volatile
as $$
begin
  delete from baton.dedup where ctid = any (array(
    select ctid from baton.dedup where expires_at <= moment order by expires_at limit most for update skip locked));
end
$$;
