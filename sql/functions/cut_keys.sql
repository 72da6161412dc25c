-- Idempotency keys that would be remembered for longer than a key is, seven days: a clock that was
-- ahead wrote them.
create or replace function baton.cut_keys(most integer, moment timestamptz) returns void
language plpgsql volatile
as $$
begin
  update baton.dedup set expires_at = moment + interval '7 days'
  where ctid = any (array(
    select ctid from baton.dedup where expires_at > moment + interval '7 days 5 minutes' order by expires_at desc limit most for update skip locked));
end
$$;
