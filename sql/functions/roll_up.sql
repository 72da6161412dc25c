-- Adds what was stored since to rollup, at most once a minute, in at most so many chunks, those of
-- the newest weeks first. Returns how many it looked at. Nothing new: nothing is written.
--
-- What counts is the number of a row's transaction, not its time: an enqueue in somebody's long
-- transaction comes late with an old created_at, and a step's finished_at is what its poller said.
-- The oldest transaction that is open bounds each look: nothing before it can still commit, so each
-- row is counted once, and a late one is added to its own minute.
-- Rows come at the end of their partition: its last two chunks stay open, and so does a chunk
-- before them until every transaction that saw it among the last two has ended. A row that takes a
-- freed place further up is found by a sweep: a look at all chunks not looked at since that moment.
-- Partitions that Postgres has no new rows of, by its own count, are left alone.
create or replace function baton.roll_up(most integer, moment timestamptz, sweep timestamptz default null) returns integer
language plpgsql volatile
as $$
declare
  parts oid[];
  horizon bigint;
  latest bigint;
  changed record;
  look record;
  unlooked integer := most;
  counted integer;
begin
  -- Before the lock, which is a write.
  parts := array(
    select c.oid from pg_inherits i join pg_class c on c.oid = i.inhrelid left join baton.rolled_part p on p.part = c.relname
    where i.inhparent in ('baton.run'::regclass, 'baton.checkpoint'::regclass, 'baton.failure'::regclass, 'baton.ending'::regclass)
      and (sweep is not null or p.inserts is distinct from pg_stat_get_tuples_inserted(c.oid)) and baton.count_pages(c.oid) > 0
    order by right(c.relname, 8) desc, c.relname);
  if cardinality(parts) = 0 then
    return 0;
  end if;
  perform from baton.rolling where sweep is not null or at not between moment - interval '60 seconds' and moment for update skip locked;
  if not found then
    return 0;
  end if;
  horizon := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
  latest := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
  for changed in
    select c.relname as part, baton.count_pages(c.oid) as pages, pg_stat_get_tuples_inserted(c.oid) as inserts
    from unnest(parts) with ordinality as p (oid, nth) join pg_class c on c.oid = p.oid order by p.nth
  loop
    for look in select * from baton.list_chunks(changed.part, changed.pages, sweep, horizon, unlooked) loop
      counted := baton.add_facts(changed.part, format('(%s,0)', look.chunk * 128)::tid, format('(%s,0)', (look.chunk + 1) * 128)::tid,
        least(look.seen, horizon), horizon);
      insert into baton.rolled as r (part, chunk, seen, until, looked_at)
      values (changed.part, look.chunk, horizon, case when look.chunk < look.tail then latest end, moment)
      on conflict (part, chunk) do update
        set seen = excluded.seen, until = coalesce(r.until, excluded.until), looked_at = excluded.looked_at;
      unlooked := unlooked - 1;
    end loop;
    exit when unlooked <= 0;
    if horizon = latest then
      insert into baton.rolled_part (part, inserts) values (changed.part, changed.inserts)
      on conflict (part) do update set inserts = excluded.inserts;
    end if;
  end loop;
  update baton.rolling set at = moment;
  return most - unlooked;
end
$$;
