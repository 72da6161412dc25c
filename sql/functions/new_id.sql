-- A UUIDv7 of the database's time, for ids that no client makes; PostgreSQL 18 alone has uuidv7().
-- grant: baton_operator
create or replace function baton.new_id() returns uuid
language sql volatile security definer set search_path = pg_catalog, baton, pg_temp
as $$
  select (substr(t, 1, 12) || '7' || substr(r, 14, 19))::uuid
  from (select replace(baton.id_at(baton.now())::text, '-', '') as t, replace(gen_random_uuid()::text, '-', '') as r) as parts
$$;
