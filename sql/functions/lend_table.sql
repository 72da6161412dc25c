-- Hands one table of a closed week to the maintenance, which makes an index of it then: that needs
-- its owner and the right to make things in the schema, and CONCURRENTLY works in no function. No
-- right to its rows goes along. baton.take_back_tables ends it.
-- The lock holds up who reads the table, so it is waited for 100 ms only (55P03: try again). Two
-- maintenances take turns, by the table of weeks: both changing the rights to the schema fail.
-- owner: migrator
-- grant: baton_maintainer
create or replace function baton.lend_table(part text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set lock_timeout = '100ms'
as $$
declare
  week timestamptz := baton.week_start(part);
  mine boolean := (select pg_has_role(session_user, c.relowner, 'usage') from pg_class as c
    where c.relnamespace = 'baton'::regnamespace and c.relname = part and c.relispartition);
begin
  if week is null or mine is null or not baton.is_closed(week, baton.now()) then
    raise exception '% is no table of a closed week', coalesce(part, 'null')
      using errcode = 'BT040', hint = 'Name a partition whose week has been over for a day. Nothing was done.';
  end if;
  if mine then
    return;
  end if;
  lock table baton.week in share row exclusive mode;
  grant create on schema baton to baton_maintainer;
  execute format('alter table baton.%I owner to baton_maintainer', part);
  execute format('revoke all on baton.%I from baton_maintainer', part);
end
$$;
