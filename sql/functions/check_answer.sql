-- Refuses an answer that is not of the shape that the header of answer_wait says (BT040), or too
-- large (BT050).
create or replace function baton.check_answer(request jsonb) returns void
language plpgsql immutable
as $$
begin
  perform baton.require_keys('the answer', request, '{run,path,name}', '{run,path,name,body,generation,attempt,look,replaces}');
  perform baton.require_kind('the answer', request, 'string', '{run,path,name}');
  perform baton.require_kind('the answer', request, 'number', '{generation,attempt}');
  perform baton.require_kind('the answer', request, 'boolean', '{look,replaces}');
  if request ->> 'run' !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    raise exception 'the run of the answer is "%"', left(request ->> 'run', 50) using errcode = 'BT040', hint = 'Name it by its uuid. Nothing was stored.';
  end if;
  if not starts_with(request ->> 'name', (request ->> 'path') || '/~') or length(request ->> 'name') > 255 then
    raise exception 'the answer has the name "%", which is none below its path', left(request ->> 'name', 300)
      using errcode = 'BT040', hint = 'It is that of a mark below the node. Nothing was stored.';
  end if;
  if octet_length((request -> 'body')::text) > 65536 then
    raise exception 'the body of the answer is % bytes of JSON as the database writes it, more than 65536', octet_length((request -> 'body')::text)
      using errcode = 'BT050', hint = 'Store the data elsewhere and answer with a reference to it. Nothing was stored.';
  end if;
end
$$;
