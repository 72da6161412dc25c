-- The newest runs with a status and of a workflow (null: any) before an id, most of them at most,
-- among the 10,000 newest entries of where such runs are: ready, the leases, blocked, the endings,
-- or run itself.
-- next: the last entry looked at, where there may be more; null where ids are as many as asked for,
-- or nothing is left.
--
-- It looks at the newest week first, then at the 2 before it, at 4, 8 and so on, and at those only
-- whose runs the page still needs: a look locks the partitions of its weeks.
-- Each statement is planned when it runs: a plan made for empty tables would read endings by the
-- wrong one of two indexes. A run's workflow is compared, not looked for with exists, which the
-- planner may answer by reading all of run once.
create or replace function baton.list_ids(
  wanted_status text, wanted_workflow text, before uuid, most integer, moment timestamptz, out ids uuid[], out next uuid)
language plpgsql stable
as $$
declare
  entries text;
  fits text := '($2 is null or (select r.workflow from baton.run r where r.id = entry.id and r.id >= $7 and r.id < $1) = $2)';
  few uuid[];
  newest timestamp := date_trunc('week', least(moment + interval '5 minutes', baton.id_time(before)) at time zone 'UTC');
  since uuid;
  seen integer;
  unseen integer := 10000;
  found_ids uuid[];
begin
  if wanted_status in ('ready', 'waiting') then
    few := baton.list_few_ready(wanted_status = 'ready', moment);
  elsif wanted_status = 'running' then
    few := array(select unnest((baton.list_members(l.run_ids, l.gone)).ids) from baton.lease l);
  end if;
  entries := case
    when wanted_status is null then 'select id, workflow from baton.run'
    when wanted_status = 'failed' then 'select run_id as id from baton.ending where status = ''failed'''
    when wanted_status = 'cancelled' then 'select run_id as id from baton.ending where status = ''cancelled'''
    when wanted_status = 'done' then 'select run_id as id, status from baton.ending'
    when wanted_status = 'blocked' then 'select run_id as id from baton.blocked'
    when few is not null then 'select q.id from unnest($5) as q (id)'
    when wanted_status in ('ready', 'waiting') then 'select run_id as id, run_at from baton.ready'
  end;
  fits := case
    when wanted_status is null then '($2 is null or entry.workflow = $2)'
    when wanted_status = 'done' then 'entry.status = ''done'' and ' || fits
    when few is not null then fits
    when wanted_status = 'ready' then 'entry.run_at <= $4 and ' || fits
    when wanted_status = 'waiting' then 'entry.run_at > $4 and ' || fits
    else fits
  end;
  entries := format('select * from (%s) as every where id >= $7 and id < $1 order by id desc limit $6', entries);
  ids := '{}';
  for look in 0..10 loop
    since := case when look < 10
      then baton.id_at(greatest(newest - (2 ^ look - 1) * interval '7 days', 'epoch'::timestamp) at time zone 'UTC')
      else '00000000-0000-0000-0000-000000000000' end;
    execute format('select array(select id from (%s) as entry where %s order by id desc limit $3)', entries, fits)
      into found_ids using before, wanted_workflow, most - cardinality(ids), moment, few, unseen, since;
    ids := ids || found_ids;
    exit when cardinality(ids) = most or look = 10;
    execute format('select count(*), (array_agg(id))[$6] from (%s) as entry', entries)
      into seen, next using before, wanted_workflow, most, moment, few, unseen, since;
    exit when next is not null;
    unseen := unseen - seen;
    before := since;
  end loop;
end
$$;
