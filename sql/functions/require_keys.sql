-- Refuses an object that is none, lacks a key, or has one that nobody knows (BT040): a slip must
-- not pass for a success.
-- what: where it stands in the call, for the sentence; known: all keys that it may have.
create or replace function baton.require_keys(what text, given jsonb, required text[], known text[]) returns void
language plpgsql immutable
as $$
begin
  if jsonb_typeof(given) = 'object' and given ?& required and given - known = '{}' then
    return;
  end if;
  raise exception '% %', what, case
      when given is null then 'is missing'
      when jsonb_typeof(given) <> 'object' then 'is no object but ' || jsonb_typeof(given)
      when not given ?& required then 'lacks the key "' || (select k from unnest(required) as k where not given ? k limit 1) || '"'
      else 'has the unknown key "' || (select k from jsonb_object_keys(given - known) as k limit 1) || '"' end
    using errcode = 'BT040', hint = 'It takes ' || array_to_string(known, ', ') || '. Nothing was done; correct the call and send it again.';
end
$$;
