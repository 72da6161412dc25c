-- The moment at which the week of a partition begins, by the partition's name; null for any other
-- table.
create or replace function baton.week_start(part text) returns timestamptz
language sql immutable parallel safe set timezone = 'UTC'
as $$
  select to_timestamp(right(part, 8), 'YYYYMMDD')
  where part = any (array(select t || right(part, 9) from unnest(baton.weekly_tables()) as t)) and right(part, 9) ~ '^_[0-9]{8}$'
$$;
