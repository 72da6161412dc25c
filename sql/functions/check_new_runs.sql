-- Refuses runs to be enqueued whose columns are not of one length, whose id is no text, whose
-- attributes are no object, or whose idempotency key is no text that goes with a hash (BT040). A
-- column that nobody knows is refused by store_runs, which reads them.
create or replace function baton.check_new_runs(runs jsonb) returns void
language plpgsql immutable
as $$
declare
  size integer := case when jsonb_typeof(runs -> 'id') = 'array' then jsonb_array_length(runs -> 'id') end;
  index bigint;
begin
  if size is null or not runs ? 'input'
      or jsonb_path_exists(runs, 'strict $.* ? (@.type() != "array" || @.size() != $size)', jsonb_build_object('size', size)) then
    perform baton.require_kind('the request of enqueue', jsonb_build_object('columns', runs), 'object', '{columns}');
    perform baton.check_columns('the runs of enqueue', runs, '{id,input}',
      '{id,input}' || array(select key from jsonb_object_keys(runs) as key where key <> all ('{id,input}')));
  end if;
  if size = 0 then
    raise exception 'enqueue was given no run' using errcode = 'BT040', hint = 'Give at least one.';
  end if;
  if runs -> 'id' @> 'null' then
    raise exception 'a run of enqueue has no id' using errcode = 'BT040', hint = 'Give each a UUIDv7. Nothing was stored.';
  end if;
  if runs @? 'strict $.attributes[*] ? (@.type() != "object" && @ != null)' then
    raise exception 'the attributes of a run of enqueue are no object'
      using errcode = 'BT040', hint = 'Give an object, or null where there are none. Nothing was stored.';
  end if;
  if runs ?| '{key,hash}' then
    select nth - 1 into index
    from rows from (jsonb_array_elements(runs -> 'key'), jsonb_array_elements(runs -> 'hash')) with ordinality as r (key, hash, nth)
    where jsonb_typeof(key) not in ('string', 'null') or jsonb_typeof(key) is distinct from jsonb_typeof(hash)
    limit 1;
    if found then
      raise exception 'run % of enqueue has a key or a hash that is no text, or one of them alone', index
        using errcode = 'BT040', hint = 'A key goes with the hash of what it stands for. Nothing was stored.';
    end if;
  end if;
end
$$;
