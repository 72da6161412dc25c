-- Keeps the id of a signal for 7 days; false: it was kept before, for the same. Raises BT011 where
-- it was for another.
create or replace function baton.remember_signal(request jsonb, workflow text, moment timestamptz) returns boolean
language plpgsql volatile
as $$
declare
  own_key text := baton.signal_id(request);
  own_hash text := md5(jsonb_build_array(request -> 'name', request -> 'body')::text);
  known text;
begin
  insert into baton.dedup as d (workflow, scope, key, hash, answer, expires_at)
  values (remember_signal.workflow, 'signal', own_key, own_hash, 'null', moment + interval '168 hours')
  on conflict on constraint dedup_key do update set hash = excluded.hash, expires_at = excluded.expires_at where d.expires_at <= moment;
  if found then
    perform baton.forget_some(1, moment);
    return true;
  end if;
  select d.hash into known from baton.dedup d where d.workflow = remember_signal.workflow and d.scope = 'signal' and d.key = own_key;
  if known <> own_hash then
    raise exception 'the id "%" was used with another signal of %', request ->> 'id',
        coalesce('run ' || (request ->> 'run'), 'key "' || (request ->> 'key') || '"')
      using errcode = 'BT011', hint = 'Send the first signal again, or use a new id. Nothing was stored.';
  end if;
  return false;
end
$$;
