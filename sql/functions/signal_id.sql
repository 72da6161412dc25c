-- As what the id of a signal is kept: those of a run are its own, and so are those of a key.
create or replace function baton.signal_id(request jsonb) returns text
language sql immutable
as $$
  select case when request ? 'key'
    then encode(sha256(convert_to(jsonb_build_array(request -> 'name', request -> 'key', request -> 'id')::text, 'UTF8')), 'hex')
    else (request ->> 'run')::uuid || ' ' || (request ->> 'id') end
$$;
