-- Refuses idempotency keys that are no texts with a hash (BT040), of runs and of the call as a
-- whole, which belongs to the workflow of its runs.
create or replace function baton.check_keys(request jsonb, runs jsonb) returns void
language plpgsql immutable
as $$
declare
  index bigint;
begin
  select nth - 1 into index
  from rows from (jsonb_array_elements(runs -> 'key'), jsonb_array_elements(runs -> 'hash')) with ordinality as r (key, hash, nth)
  where jsonb_typeof(key) not in ('string', 'null') or jsonb_typeof(key) is distinct from jsonb_typeof(hash)
  limit 1;
  if found then
    raise exception 'run % of enqueue has a key or a hash that is no text, or one of them alone', index
      using errcode = 'BT040', hint = 'A key goes with the hash of what it stands for. Nothing was stored.';
  end if;
  if request ? 'request' then
    perform baton.require_keys('the key of the request', request -> 'request', '{workflow,key,hash}', '{workflow,key,hash}');
    perform baton.require_kind('the key of the request', request -> 'request', 'string', '{workflow,key,hash}');
    select nth - 1 into index
    from jsonb_array_elements(coalesce(runs -> 'workflow', jsonb_build_array(request #> '{shared,workflow}'))) with ordinality as r (workflow, nth)
    where workflow <> request #> '{request,workflow}'
    limit 1;
    if found then
      raise exception 'run % is of another workflow than the key of the request', index
        using errcode = 'BT040', hint = 'A key holds for one workflow: enqueue the runs of each by themselves. Nothing was stored.';
    end if;
  end if;
end
$$;
