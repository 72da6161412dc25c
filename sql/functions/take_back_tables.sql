-- Gives tables that were lent to the maintenance back to the owner of all others; also those that a
-- killed one left. Returns how many. A lock is waited for 100 ms only (55P03: try again). Two take
-- turns, as in lend_table.
-- owner: migrator
-- grant: baton_maintainer
create or replace function baton.take_back_tables() returns integer
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set lock_timeout = '100ms'
as $$
declare
  lent record;
  taken integer := 0;
begin
  for lent in
    select c.relname as part from pg_class as c
    where c.relnamespace = 'baton'::regnamespace and c.relkind = 'r' and c.relowner = to_regrole('baton_maintainer')
    order by c.relname
  loop
    lock table baton.week in share row exclusive mode;
    execute format('alter table baton.%I owner to %I', lent.part, current_user);
    execute format('grant all on baton.%I to %I', lent.part, current_user);
    taken := taken + 1;
  end loop;
  if has_schema_privilege(to_regrole('baton_maintainer'), 'baton', 'create') then
    lock table baton.week in share row exclusive mode;
    revoke create on schema baton from baton_maintainer;
  end if;
  return taken;
end
$$;
