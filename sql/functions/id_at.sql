-- The lowest UUIDv7 of a moment (RFC 9562, 5.7: 48 bits of milliseconds first): a partition bound.
-- Of a time before 1970, or after 10889, the first or the last that there is.
-- grant: baton_reader, baton_operator
create or replace function baton.id_at(moment timestamptz) returns uuid
language sql immutable parallel safe
as $$ select (lpad(to_hex(floor(least(greatest(extract(epoch from moment), 0), 281474976710.655) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid $$;
