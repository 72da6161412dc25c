-- The statement that reads entries of a week from a source (see list_tables): id, and whether the
-- row itself fits what is asked. narrows: which of its rows; first: what its order begins with.
create or replace function baton.list_entries(asked jsonb, source text, narrows text default 'true', first text default '') returns text
language sql immutable
as $$
  select format('select %1$s as id, %2$s as fits from %3$s where %1$s >= $1 and %1$s < $2 and %4$s order by %5$s %1$s desc',
    id, coalesce(condition, 'true'), named, narrows, first)
  from baton.list_tables(asked) where name = source
$$;
