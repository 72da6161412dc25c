-- Whether an entry of a source is a run that is wanted, as a condition: what its row does not tell
-- is looked up by key.
create or replace function baton.list_fits(asked jsonb, source text) returns text
language sql immutable
as $$
  with told as (select tells from baton.list_tables(asked) where name = source)
  select concat_ws(' and ', 'entry.fits', (select case when tells is distinct from 'place' then asked ->> 'place' end from told), (
      select string_agg(format('(select %1$s from %2$s where %3$s = entry.id and %3$s >= $1 and %3$s < $2)', t.condition, t.named, t.id), ' and ')
      from baton.list_tables(asked) as t, told
      where t.name in ('run', 'ending', 'attribute') and t.condition is not null and t.name is distinct from told.tells),
    asked ->> 'node')
$$;
