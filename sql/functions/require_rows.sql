-- Refuses a list that is none, or that holds something else than objects with these keys (BT040).
create or replace function baton.require_rows(what text, given jsonb, required text[], optional text[]) returns void
language plpgsql immutable
as $$
declare
  known text[] := required || optional;
  wrong record;
begin
  if jsonb_typeof(given) is distinct from 'array' then
    raise exception '% is no list of objects but %', what, coalesce(jsonb_typeof(given), 'missing')
      using errcode = 'BT040', hint = 'Nothing was done; correct the call and send it again.';
  end if;
  select nth - 1 as index, entry into wrong from jsonb_array_elements(given) with ordinality as e (entry, nth)
  where jsonb_typeof(entry) <> 'object' or not entry ?& required or entry - known <> '{}'
  limit 1;
  if found then
    perform baton.require_keys(format('%s, entry %s,', what, wrong.index), wrong.entry, required, known);
  end if;
end
$$;
