-- Refuses an enqueue that is not of the shape that its header says (BT040): columns that are not of
-- one length, an id that is none, attributes that are no object. Keys are for check_keys. A column
-- that nobody knows is refused by store_runs, which reads them.
create or replace function baton.check_enqueue(request jsonb, runs jsonb) returns void
language plpgsql immutable
as $$
declare
  size integer := case when jsonb_typeof(runs -> 'id') = 'array' then jsonb_array_length(runs -> 'id') end;
begin
  perform baton.require_keys('the request of enqueue', request, '{columns}', '{columns,shared,fresh,request,checked}');
  if request ? 'shared' then
    perform baton.require_keys('what the runs of enqueue share', request -> 'shared', '{}', '{workflow,version,priority,queue}');
  end if;
  if jsonb_typeof(runs) <> 'object' or jsonb_typeof(request -> 'fresh') <> 'boolean' then
    perform baton.require_kind('the request of enqueue', request, 'object', '{columns}');
    perform baton.require_kind('the request of enqueue', request, 'boolean', '{fresh}');
  end if;
  if size is null or not runs ? 'input'
      or jsonb_path_exists(runs, 'strict $.* ? (@.type() != "array" || @.size() != $size)', jsonb_build_object('size', size)) then
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
  if request ? 'request' or runs ?| '{key,hash}' then
    perform baton.check_keys(request, runs);
  end if;
end
$$;
