-- Counts an ending that a redrive is about to take back, unless rollup has it already: every
-- failure of a run is counted, those that were redriven too. An older ending is in it for sure; a
-- new one waits for who is counting just now.
create or replace function baton.keep_ending(id uuid) returns void
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
declare
  ended record;
  latest bigint := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
begin
  select c.relname::text as part, (e.ctid::text::point)[0]::bigint as page, (e.ctid::text::point)[1]::bigint as nth,
    (latest & -4294967296) | e.xmin::text::bigint as number
  into ended from baton.ending e join pg_class c on c.oid = e.tableoid where e.run_id = keep_ending.id;
  if ended.number >= latest then
    ended.number := ended.number - 4294967296;
  end if;
  if baton.is_counted(ended.part, ended.page, ended.number) then
    return;
  end if;
  perform from baton.rolling for update;
  if not baton.is_counted(ended.part, ended.page, ended.number) then
    perform baton.add_facts(ended.part, format('(%s,%s)', ended.page, ended.nth)::tid, format('(%s,%s)', ended.page, ended.nth + 1)::tid,
      ended.number, ended.number + 1);
  end if;
end
$$;
