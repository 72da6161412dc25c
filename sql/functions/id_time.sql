-- When a UUIDv7 was made (RFC 9562, 5.7: 48 bits of milliseconds first).
create or replace function baton.id_time(id uuid) returns timestamptz
language sql immutable parallel safe
as $$ select to_timestamp(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0) $$;
