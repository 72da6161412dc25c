-- Gives to baton_migrator what was migrated with --no-roles and so belongs to the user who did it.
-- Run as the deploying user, also before there is anything. Safe to run again.
do $$
declare
  needed text;
begin
  -- A schema example that no migration made here is somebody else's.
  if not coalesce(has_table_privilege(to_regclass('baton.migration'), 'select'), false) then
    return;
  elsif not exists (select from baton.migration where name = '0100_example') then
    return;
  end if;
  for needed in
    -- First: who gets what is in it must be allowed to make something there.
    select 'alter schema example owner to baton_migrator' from pg_namespace as n
    where n.nspname = 'example' and n.nspowner <> 'baton_migrator'::regrole
    union all
    select format('alter table %s owner to baton_migrator', c.oid::regclass) from pg_class as c
    where c.relnamespace = to_regnamespace('example') and c.relkind = 'r' and c.relowner <> 'baton_migrator'::regrole
    union all
    select format('alter function %s owner to baton_migrator', p.oid::regprocedure) from pg_proc as p
    where p.pronamespace = to_regnamespace('example') and p.proowner <> 'baton_migrator'::regrole
  loop
    execute needed;
  end loop;
end
$$;
