-- The milliseconds at or under which a part of all counted lies, from counts by bucket: at most 5 %
-- off. Null where nothing is counted.
-- grant: baton_reader, baton_operator
create or replace function baton.quantile(counts jsonb, part double precision) returns bigint
language sql immutable
as $$
  select round(power(1.1::float8, min(bucket)) * 2 / 2.1)::bigint
  from (
    select key::integer as bucket, sum(value::bigint) over (order by key::integer) as upto, sum(value::bigint) over () as total from jsonb_each_text(counts)
  ) as ranked
  where upto >= total * part
$$;
