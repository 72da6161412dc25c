-- Counts by bucket of several rows of rollup, given as an array, added up.
-- grant: baton_reader, baton_operator
create or replace function baton.sum_buckets(counts jsonb) returns jsonb
language sql immutable
as $$
  select coalesce(jsonb_object_agg(bucket, n), '{}')
  from (select b.key as bucket, sum(b.value::bigint) as n from jsonb_array_elements(counts) as c (one), jsonb_each_text(c.one) as b group by 1) as added
$$;
