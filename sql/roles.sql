-- Makes the group roles that are missing; run as the deploying user, before anything else. Safe to
-- run again.
-- Roles belong to the whole cluster, so a deployment of another database may make one at the same
-- moment.
--
-- baton_migrator  owns the schemas and tables; migrations run as it.
-- baton_engine    owns the engine's functions: reads and writes rows, changes no table.
-- baton_views     owns the views: reads rows, and writes none.
-- baton_producer, baton_signaller, baton_poller, baton_reader, baton_operator, baton_maintainer:
-- one for each kind of caller; logins are their members.
-- baton_archiver  reads whole runs that are to go; the maintenance's login is given it where there
-- is an archive.
do $$
declare
  -- Since 16 a membership says whether its rights are inherited and whether SET ROLE is allowed.
  options text := case when current_setting('server_version_num')::integer >= 160000 then ' with inherit true, set true' else '' end;
  needed text;
  part regclass;
begin
  foreach needed in array array['baton_migrator', 'baton_engine', 'baton_views', 'baton_producer', 'baton_signaller', 'baton_poller', 'baton_reader',
    'baton_operator', 'baton_maintainer', 'baton_archiver'] loop
    begin
      if to_regrole(needed) is null then
        execute format('create role %I nologin', needed);
      end if;
    exception when duplicate_object or unique_violation then
      null;
    end;
  end loop;

  if not (pg_has_role('baton_migrator', 'member') and pg_has_role('baton_migrator', 'usage')) then
    execute format('grant baton_migrator to %I', current_user) || options;
  end if;
  if not (pg_has_role('baton_migrator', 'baton_engine', 'member') and pg_has_role('baton_migrator', 'baton_engine', 'usage')) then
    execute 'grant baton_engine to baton_migrator' || options;
  end if;
  if not (pg_has_role('baton_migrator', 'baton_views', 'member') and pg_has_role('baton_migrator', 'baton_views', 'usage')) then
    execute 'grant baton_views to baton_migrator' || options;
  end if;
  -- To lend it a table, and to take it back.
  if not (pg_has_role('baton_migrator', 'baton_maintainer', 'member') and pg_has_role('baton_migrator', 'baton_maintainer', 'usage')) then
    execute 'grant baton_maintainer to baton_migrator' || options;
  end if;
  if not has_database_privilege('baton_migrator', current_database(), 'create') then
    execute format('grant create on database %I to baton_migrator', current_database());
  end if;

  -- What was migrated with --no-roles belongs to the user who did it. What is lent to the
  -- maintenance stays so: it may be making an index, for which this would have to wait.
  for part in
    select c.oid from pg_class as c
    where c.relnamespace = to_regnamespace('baton') and c.relowner <> 'baton_migrator'::regrole
      and (c.relkind in ('r', 'p') and c.relowner <> 'baton_maintainer'::regrole or c.relkind in ('v', 'm') and c.relowner <> 'baton_views'::regrole)
  loop
    execute format('alter table %s owner to baton_migrator', part);
  end loop;
  for needed in
    select format('alter function %s owner to baton_migrator', p.oid::regprocedure) from pg_proc as p
    where p.pronamespace = to_regnamespace('baton')
      and p.proowner not in ('baton_migrator'::regrole, 'baton_engine'::regrole)
    union all
    select format('alter schema %I owner to baton_migrator', n.nspname) from pg_namespace as n
    where n.oid = to_regnamespace('baton') and n.nspowner <> 'baton_migrator'::regrole
  loop
    execute needed;
  end loop;
end
$$;
