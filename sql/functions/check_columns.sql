-- Refuses columns, one array for each, that are not all of one length or not those that are known
-- (BT040): a column that is too short would leave out entries silently. optional: all that
-- may be there, if more than is required.
create or replace function baton.check_columns(what text, given jsonb, required text[], optional text[] default null) returns void
language plpgsql immutable
as $$
declare
  size integer;
  key text;
begin
  if jsonb_typeof(given) is distinct from 'object' or not given ?& required or given - coalesce(optional, required) <> '{}' then
    perform baton.require_keys(what, given, required, coalesce(optional, required));
  end if;
  foreach key in array coalesce(optional, required) loop
    if jsonb_typeof(given -> key) <> 'array' then
      perform baton.require_kind(what, given, 'array', array[key]);
    elsif jsonb_array_length(given -> key) <> size then
      raise exception '% has % entries under "%" and % under "%"', what, size, required[1], jsonb_array_length(given -> key), key
        using errcode = 'BT040', hint = 'All columns have the same length. Nothing was done; correct the call and send it again.';
    end if;
    size := coalesce(size, jsonb_array_length(given -> key));
  end loop;
end
$$;
