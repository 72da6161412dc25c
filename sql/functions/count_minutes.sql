-- The minutes since a moment, by workflow: those of rollup, and with them what was stored since it
-- was last added to, in the newest chunks of this week and the last one that have runs.
-- Of one moment, as stable functions read: a row is in rollup, or added here, never both.
-- grant: baton_reader, baton_operator
create or replace function baton.count_minutes(earliest timestamptz) returns setof baton.rollup
language plpgsql stable security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
as $$
declare
  latest bigint := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
  recent record;
  look record;
begin
  return query select * from baton.rollup r where r.minute >= earliest;
  for recent in
    select c.relname as part, baton.count_pages(c.oid) as pages
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent in ('baton.run'::regclass, 'baton.checkpoint'::regclass, 'baton.failure'::regclass, 'baton.ending'::regclass)
      and baton.count_pages(c.oid) > 0
    order by right(c.relname, 8) desc limit 8
  loop
    for look in select * from baton.list_chunks(recent.part, recent.pages, null, null, 64) loop
      return query select * from baton.count_facts(recent.part, format('(%s,0)', look.chunk * 128)::tid,
        format('(%s,0)', (look.chunk + 1) * 128)::tid, look.seen, latest, earliest);
    end loop;
  end loop;
end
$$;
