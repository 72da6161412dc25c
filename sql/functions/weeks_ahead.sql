-- How many whole weeks after that of a moment have all their partitions, up to the first that does
-- not; ten at most.
create or replace function baton.weeks_ahead(moment timestamptz) returns integer
language sql stable set timezone = 'UTC'
as $$
  select coalesce(min(n) filter (where there < cardinality(baton.weekly_tables())), 11) - 1
  from (
    select n, (
      select count(*) from pg_class
      where relnamespace = 'baton'::regnamespace and relispartition and relname = any (array(
        select t || to_char(date_trunc('week', moment) + n * interval '7 days', '_YYYYMMDD') from unnest(baton.weekly_tables()) as t))
    ) as there
    from generate_series(1, 10) as n
  ) as week
$$;
