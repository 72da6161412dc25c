-- Takes the idempotency key of a whole request. Null: it is new. Else the answer given the first
-- time.
-- The same key with another body is BT011. A rival that holds the key is waited for by the insert;
-- the second statement then sees what it committed.
create or replace function baton.remember_request(request jsonb, moment timestamptz) returns jsonb
language plpgsql volatile
as $$
declare
  named_workflow text := request #>> '{request,workflow}';
  named_key text := request #>> '{request,key}';
  known baton.dedup;
begin
  insert into baton.dedup as d (workflow, scope, key, hash, answer, expires_at)
  values (named_workflow, 'request', named_key, request #>> '{request,hash}', '[]', moment + interval '7 days')
  on conflict on constraint dedup_key do update set hash = excluded.hash, answer = excluded.answer, expires_at = excluded.expires_at
    where d.expires_at <= moment;
  if found then
    return null;
  end if;
  select * into strict known from baton.dedup where workflow = named_workflow and scope = 'request' and key = named_key;
  if known.hash <> request #>> '{request,hash}' then
    raise exception 'idempotency key "%" was used with another body', named_key
      using errcode = 'BT011', detail = 'request', hint = 'Send the first body again, or use a new key.';
  end if;
  return known.answer;
end
$$;
