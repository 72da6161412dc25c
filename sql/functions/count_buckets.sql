-- Milliseconds as counts by bucket, for rollup: bucket b has what is over 1.1 ^ (b - 1) and at most
-- 1.1 ^ b, bucket 0 has 0 and 1. Nulls are left out.
create or replace function baton.count_buckets(milliseconds double precision[]) returns jsonb
language sql immutable
as $$
  select coalesce(jsonb_object_agg(bucket, n), '{}')
  from (
    select ceil(ln(greatest(ms, 1)) / ln(1.1::float8) - 1e-9)::integer as bucket, count(*) as n from unnest(milliseconds) as t (ms) where ms is not null group by 1
  ) as counted
$$;
