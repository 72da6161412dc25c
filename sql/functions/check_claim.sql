-- Refuses what says how much to claim where it is not of the shape that the header of claim says
-- (BT040): without a number as its most, a claim would take everything. The first look costs 8 µs;
-- what is wrong is only searched for where something is.
create or replace function baton.check_claim(what text, request jsonb, required text[], optional text[]) returns void
language plpgsql immutable
as $$
begin
  if jsonb_typeof(request) = 'object' and request ?& required and request - optional = '{}'
    and array[jsonb_typeof(request -> 'max'), jsonb_typeof(request -> 'max_bytes'), jsonb_typeof(request -> 'low')] = '{number,number,object}'
    and coalesce(jsonb_typeof(request -> 'ttl_ms'), 'number') = 'number' and coalesce(jsonb_typeof(request -> 'suspects'), 'boolean') = 'boolean'
    and coalesce(jsonb_typeof(request -> 'manifest'), 'array') = 'array' and coalesce(jsonb_typeof(request -> 'queue'), 'string') = 'string'
    and not request @? '$.manifest[*] ? (!exists(@.name) || !exists(@.version) || !exists(@.shape))' then
    return;
  end if;
  perform baton.require_keys(what, request, required, optional);
  perform baton.require_kind(what, request, 'number', '{ttl_ms,max,max_bytes}');
  perform baton.require_kind(what, request, 'object', '{low}');
  perform baton.require_kind(what, request, 'boolean', '{suspects}');
  perform baton.require_kind(what, request, 'string', '{queue}');
  if request ? 'manifest' then
    perform baton.require_rows(what || ', manifest,', request -> 'manifest', '{name,version,shape}', '{skips,waits,hooks}');
  end if;
end
$$;
