-- The database's time in views: told stable, so that a column with it costs nothing unless it is
-- selected. A volatile one would be computed for each row, and keep a view from being planned as a
-- part of its query.
-- grant: baton_reader, baton_operator, baton_maintainer
create or replace function baton.moment() returns timestamptz
language sql stable security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC'
as $$ select baton.now() $$;
