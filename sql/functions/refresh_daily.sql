-- Makes baton.daily anew from rollup; who reads it meanwhile sees it as it was. As its owner.
-- owner: migrator
-- grant: baton_engine, baton_maintainer
create or replace function baton.refresh_daily() returns void
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC'
as $$
begin
  refresh materialized view concurrently baton.daily;
end
$$;
