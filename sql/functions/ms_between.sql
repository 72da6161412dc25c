-- How many milliseconds lie between two times, 0 where a clock was set back in between. Null where
-- one is not known, or is infinity, as only a row that somebody wrote by hand can have. The times
-- are not subtracted from each other: an interval holds 292,277 years and they may lie further
-- apart, and before PostgreSQL 17 it holds no infinity. Stable, as extract is: else it would not
-- become a part of its query.
-- grant: baton_engine, baton_reader, baton_operator, baton_maintainer
create or replace function baton.ms_between(since timestamptz, until timestamptz) returns numeric
language sql stable
as $$
  select case when isfinite(since) and isfinite(until) then greatest((extract(epoch from until) - extract(epoch from since)) * 1000, 0) end
$$;
