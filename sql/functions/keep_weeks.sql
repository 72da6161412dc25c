-- Makes the partitions of the next weeks, as each tick does, and says how far they reach: a service
-- whose pollers rest for weeks still has room for what comes.
--
-- answer: { made, ahead } — partitions that were missing; whole weeks after this one that are
--         there.
-- grant: baton_maintainer
create or replace function baton.keep_weeks() returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC'
as $$
declare
  made integer := baton.ensure_partitions();
begin
  return jsonb_build_object('made', made, 'ahead', baton.weeks_ahead(baton.now()));
end
$$;
