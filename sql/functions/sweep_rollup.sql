-- Adds to rollup what ticks have missed, in up to so many chunks that were not looked at since a
-- moment: rows in places that a vacuum freed, and what was stored before there was a rollup. For
-- maintenance, once a day and until it returns 0. Returns how many chunks it looked at.
-- grant: baton_engine, baton_maintainer
create or replace function baton.sweep_rollup(most integer, since timestamptz) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
as $$
begin
  return baton.roll_up(most, baton.now(), since);
end
$$;
