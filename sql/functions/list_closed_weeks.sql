-- The weeks that have been over for a day, those first that the retention has not looked at for
-- longest.
--
-- answer: { moment, weeks } — the database's time; when each week begins.
-- grant: baton_maintainer
create or replace function baton.list_closed_weeks() returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC'
as $$
declare
  moment timestamptz := baton.now();
begin
  return (
    select jsonb_build_object('moment', moment, 'weeks', coalesce(jsonb_agg(p.starts order by w.looked_at nulls first, p.starts), '[]'))
    from (
      select baton.week_start(relname::text) as starts from pg_class
      where relnamespace = 'baton'::regnamespace and relispartition and relkind = 'r' and relname ~ '^run_[0-9]{8}$'
    ) as p
    left join baton.week w on w.starts = p.starts
    where baton.is_closed(p.starts, moment));
end
$$;
