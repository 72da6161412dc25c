-- The weeks that have partitions of run between two ids, the newest first, with the bounds of ids
-- in each, and whether it has the indexes of closed weeks. One that is being detached is none any
-- more.
create or replace function baton.list_weeks(lowest uuid, highest uuid) returns table (since uuid, before uuid, indexed boolean)
language sql stable
as $$
  select greatest(lowest, baton.id_at(w.starts)), least(highest, baton.id_at(w.starts + interval '7 days')), baton.is_week_indexed(w.name)
  from (
    select right(c.relname, 8) as name, right(c.relname, 8)::timestamp at time zone 'UTC' as starts
    from pg_class c
    where c.relnamespace = 'baton'::regnamespace and c.relkind = 'r' and c.relispartition and c.relname ~ '^run_[0-9]{8}$'
      and c.relname >= to_char(date_trunc('week', baton.id_time(lowest) at time zone 'UTC'), '"run_"YYYYMMDD')::name
      and c.relname <= to_char(least(baton.id_time(highest), '9999-01-01 UTC') at time zone 'UTC', '"run_"YYYYMMDD')::name
    order by c.relname desc
  ) as w
$$;
