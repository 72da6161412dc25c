-- The newest runs with a status and of a workflow (null: any) before an id, most of them at most, among the 10,000 newest entries of
-- where such runs are: ready, the leases, blocked, the endings, or run itself.
-- next: the last entry looked at, where there may be more; null where ids are as many as asked for, or nothing is left.
--
-- Each statement is planned when it runs: a plan made for empty tables would read endings by the wrong one of two indexes. A run's
-- workflow is compared, not looked for with exists, which the planner may answer by reading all of run once.
create or replace function baton.listed_ids(
  wanted_status text, wanted_workflow text, before uuid, most integer, moment timestamptz, out ids uuid[], out next uuid)
language plpgsql stable
as $$
declare
  entries text;
  fits text := '($2 is null or (select r.workflow from baton.run r where r.id = entry.id) = $2)';
  few uuid[];
begin
  if wanted_status in ('ready', 'waiting') then
    few := baton.few_ready(wanted_status = 'ready', moment);
  end if;
  entries := case
    when wanted_status is null then 'select id, workflow from baton.run'
    when wanted_status = 'failed' then 'select run_id as id from baton.ending where status = ''failed'''
    when wanted_status = 'cancelled' then 'select run_id as id from baton.ending where status = ''cancelled'''
    when wanted_status = 'done' then 'select run_id as id, status from baton.ending'
    when wanted_status = 'blocked' then 'select run_id as id from baton.blocked'
    when wanted_status = 'running' then
      'select m.id from baton.lease l cross join lateral unnest((baton.live_members(l.run_ids, l.gone)).ids) as m (id)'
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
  entries := format('select * from (%s) as every where id < $1 order by id desc', entries);
  execute format('select array(select id from (%s limit 10000) as entry where %s order by id desc limit $3)', entries, fits)
    into ids using before, wanted_workflow, most, moment, few;
  if cardinality(ids) < most then
    execute format('select id from (%s offset 9999 limit 1) as entry', entries)
      into next using before, wanted_workflow, most, moment, few;
  end if;
end
$$;
