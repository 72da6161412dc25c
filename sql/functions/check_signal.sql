-- Refuses a signal that is not of the shape that its header says (BT040), or too large (BT050).
create or replace function baton.check_signal(request jsonb) returns void
language plpgsql immutable
as $$
begin
  if request ? 'key' or request ? 'workflow' then
    perform baton.require_keys('the signal', request, '{workflow,key,name,body}', '{workflow,key,name,body,id,refused,checked}');
  else
    perform baton.require_keys('the signal', request, '{run,name,body}', '{run,name,body,id,refused,checked}');
  end if;
  perform baton.require_kind('the signal', request, 'string', '{run,workflow,key,name,id}');
  perform baton.require_kind('the signal', request, 'array', '{refused}');
  if request ->> 'run' !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    raise exception 'the run of the signal is "%"', left(request ->> 'run', 50) using errcode = 'BT040', hint = 'Name it by its uuid. Nothing was stored.';
  end if;
  if request ->> 'name' !~ '^[a-z][a-zA-Z0-9-]{0,62}$' then
    raise exception 'the signal has the name "%"', left(request ->> 'name', 50)
      using errcode = 'BT040', hint = 'A name is a lower-case letter and then up to 62 letters, digits or hyphens. Nothing was stored.';
  end if;
  if request ->> 'key' !~ '^[!-~]{1,255}$' then
    raise exception 'the signal has the key "%"', left(request ->> 'key', 50)
      using errcode = 'BT040', hint = 'A key is 1 to 255 visible ASCII characters. Nothing was stored.';
  end if;
  if length(request ->> 'id') not between 1 and 255 then
    raise exception 'the id of the signal has % characters', length(request ->> 'id') using errcode = 'BT040', hint = 'Give 1 to 255. Nothing was stored.';
  end if;
  if request -> 'checked' is distinct from 'true' then
    perform baton.refuse_unfaithful(jsonb_build_array(request -> 'body'), 'the body of the signal');
  end if;
  if octet_length((request -> 'body')::text) > 65536 then
    raise exception 'the body of the signal is % bytes of JSON as the database writes it, more than 65536', octet_length((request -> 'body')::text)
      using errcode = 'BT050', hint = 'Store the data elsewhere and send a reference to it. Nothing was stored.';
  end if;
end
$$;
