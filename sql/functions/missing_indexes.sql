-- The indexes that closed weeks lack (see week_indexes), those of the newest week first: [{ name,
-- part, statements }], each statement to be sent by itself, outside of a transaction, by who owns
-- the partition part. What a build that was broken off has left is dropped first; one that goes on,
-- which holds the lock of such builds, is left alone.
-- grant: baton_maintainer
create or replace function baton.missing_indexes() returns jsonb
language sql stable security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC'
as $$
  select coalesce(jsonb_agg(jsonb_build_object('name', m.name, 'part', m.relname, 'statements', array_remove(array[
    case when m.exists then format('drop index concurrently if exists baton.%I', m.name) end,
    format('create index concurrently if not exists %I on baton.%I %s', m.name, m.relname, m.definition)], null)) order by m.week desc, m.nth), '[]')
  from (
    select right(c.relname, 8) as week, w.nth, w.definition, c.relname, c.relname || '_' || w.suffix as name, i.indexrelid is not null as exists
    from baton.week_indexes() with ordinality as w (parent, suffix, definition, nth)
    join pg_class c on c.relnamespace = 'baton'::regnamespace and c.relispartition and c.relname ~ format('^%s_[0-9]{8}$', w.parent)
    left join pg_index i on i.indexrelid = to_regclass(format('baton.%I', c.relname || '_' || w.suffix))
    where baton.is_closed(baton.week_start(c.relname::text), baton.now()) and not coalesce(i.indisvalid, false)
      and not (i.indexrelid is not null and exists (
        select from pg_locks l where l.relation = c.oid and l.mode = 'ShareUpdateExclusiveLock' and l.granted
          and l.database = (select d.oid from pg_database d where d.datname = current_database())))
  ) as m
$$;
