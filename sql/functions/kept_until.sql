-- Until when runs of an id's week were kept that the retention let go, or null: it let none go.
-- grant: baton_reader, baton_operator
create or replace function baton.kept_until(id uuid) returns timestamptz
language sql stable security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC'
as $$ select w.kept_until from baton.week w where w.starts = date_trunc('week', baton.id_time(id)) $$;
