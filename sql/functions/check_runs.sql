-- Refuses runs to be enqueued that are no list of objects with the known keys, whose id or
-- idempotency key is no text, or whose attributes are no object (BT040).
create or replace function baton.check_runs(runs jsonb) returns void
language plpgsql immutable
as $$
declare
  index bigint;
begin
  perform baton.require_rows('the runs of enqueue', runs, '{id,workflow,version,priority,input}', '{run_at,delay_ms,attributes,key,hash}');
  select nth - 1 into index from jsonb_array_elements(runs) with ordinality as r (run, nth)
  where jsonb_typeof(run -> 'id') <> 'string' or (run ? 'key') <> (run ? 'hash')
    or jsonb_typeof(run -> 'key') <> 'string' or jsonb_typeof(run -> 'hash') <> 'string'
    or jsonb_typeof(run -> 'attributes') <> 'object'
  limit 1;
  if found then
    raise exception 'the runs of enqueue, entry %, has an id, a key or a hash that is no text, one of the last two alone, or attributes that are no object', index
      using errcode = 'BT040', hint = 'A key goes with the hash of what it stands for. Nothing was stored.';
  end if;
end
$$;
