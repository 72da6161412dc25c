-- The lowest UUIDv7 of a moment (RFC 9562, 5.7: 48 bits of milliseconds first): a partition bound.
-- grant: baton_reader, baton_operator
create or replace function baton.id_at(moment timestamptz) returns uuid
language sql immutable parallel safe
as $$ select (lpad(to_hex(floor(extract(epoch from moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid $$;
