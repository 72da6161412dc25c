-- Extends a lease without a round, for a poller whose own thread is held up by what it runs. It
-- writes nothing but the expiry, which never moves back; a lease that is gone stays gone. It does
-- not wait for a poller that is advancing the lease or a tick that is reaping it: a round extends
-- the lease anyway.
--
-- answer: { held } — false: the lease is gone.
-- grant: baton_poller
create or replace function baton.beat(token uuid, ttl_ms integer) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
as $$
declare
  moment timestamptz := baton.now();
  beaten boolean;
begin
  perform baton.require_read_committed();
  if token is null or ttl_ms is null or ttl_ms not between 1 and 3600000 then
    raise exception 'a beat needs the token of a lease and 1 to 3600000 milliseconds, this one has % and %', token, ttl_ms
      using errcode = 'BT040', hint = 'Call baton.beat(token uuid, ttl_ms integer). Nothing was done.';
  end if;
  update baton.lease l set expires_at = greatest(l.expires_at, moment + beat.ttl_ms * interval '1 millisecond')
  where l.token = any (array(select h.token from baton.lease h where h.token = beat.token for update skip locked));
  beaten := found;
  return jsonb_build_object('held', beaten or exists (select from baton.lease l where l.token = beat.token));
end
$$;
