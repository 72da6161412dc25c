-- Refuses an object of which one of these keys holds no JSON of this kind (BT040); a key that it
-- does not have is left alone.
create or replace function baton.require_kind(what text, given jsonb, kind text, keys text[]) returns void
language plpgsql immutable
as $$
declare
  key text;
begin
  foreach key in array keys loop
    if jsonb_typeof(given -> key) <> kind then
      raise exception '% has under "%" no % but %', what, key, kind, jsonb_typeof(given -> key)
        using errcode = 'BT040', hint = 'Nothing was done; correct the call and send it again.';
    end if;
  end loop;
end
$$;
