-- The chunks of a partition of which something may be missing in rollup: those that were
-- never looked at, then those that are open and, for a sweep, all that were not looked at since.
-- seen: which transactions are in rollup; tail: the first of the last two.
create or replace function baton.list_chunks(part text, pages bigint, sweep timestamptz, horizon bigint, most integer)
returns table (chunk integer, seen bigint, tail integer)
language sql stable
as $$
  select n, coalesce(r.seen, 0), last.tail
  from (select greatest((list_chunks.pages + 127) / 128 - 2, 0)::integer as tail) as last,
    generate_series(0, (list_chunks.pages - 1) / 128) as c (n)
  left join baton.rolled r on r.part = list_chunks.part and r.chunk = c.n
  where r.chunk is null or r.until is null or r.seen < r.until
    or (r.looked_at < sweep and horizon - r.seen < 2000000000)
  order by r.looked_at nulls first, n desc
  limit most
$$;
