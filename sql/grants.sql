-- What each group role may do apart from executing functions, which the functions' own headers say.
-- Run as baton_migrator.
alter default privileges revoke execute on functions from public;

grant usage on schema baton to baton_engine, baton_views, baton_producer, baton_signaller, baton_poller, baton_reader, baton_operator, baton_maintainer,
  baton_archiver;
grant select on baton.migration to baton_engine, baton_producer, baton_signaller, baton_poller, baton_reader, baton_operator, baton_maintainer;

-- The engine reads and writes rows; partitions are reached through their parents.
do $$
declare
  part regclass;
begin
  for part in
    select oid from pg_class
    where relnamespace = 'baton'::regnamespace and relkind in ('r', 'p') and not relispartition and relname <> 'migration'
  loop
    execute format('grant select, insert, update, delete on %s to baton_engine', part);
  end loop;
end
$$;

-- Views read with their owner's rights: what they show, and of a lease its members.
grant select on baton.run, baton.checkpoint, baton.failure, baton.ending, baton.redrive, baton.ready, baton.lease, baton.blocked,
  baton.audit, baton.unclaimed, baton.queue to baton_views;

grant select on baton.daily to baton_reader, baton_operator;
