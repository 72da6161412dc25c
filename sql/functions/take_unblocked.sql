-- Takes blocked runs that this code knows: its manifest has their workflow in another shape than
-- the one that blocked them, or can undo what older code did not know to be undone. They go through
-- ready within this call, which knows their bytes; what does not fit stays there.
-- request: as for claim; answer: ids (null when there are none), all of which may have begun.
--          poisoned: counts on for those
-- that have no run behind them any more.
create or replace function baton.take_unblocked(
  request jsonb, moment timestamptz, inout poisoned integer, out ids uuid[], out begun_ids uuid[])
language plpgsql volatile
as $$
declare
  known uuid[];
  with_mail boolean := request @? '$.manifest[*].waits';
begin
  if not exists (select from baton.blocked) then
    return;
  end if;
  with taken as (
    delete from baton.blocked where ctid = any (array(
      select b.ctid from baton.blocked b
      join jsonb_to_recordset(request -> 'manifest') as m (name text, version integer, shape text, undoes boolean) on m.name = b.workflow and m.version = b.version
      where m.shape <> b.shape or (m.undoes and (b.reason like '%for "~verdict"' or b.reason like '%for "~undo/%'))
      limit (request ->> 'max')::integer for update of b skip locked))
    returning run_id
  )
  select array_agg(run_id) into known from taken;
  if known is null then
    return;
  end if;
  perform baton.put_back(known, array_fill(moment, array[cardinality(known)]));
  select take_unblocked.poisoned + cardinality(known) - count(*) into poisoned from baton.ready where run_id = any (known);
  with sized as (
    select run_id, bytes, sum(load) over (order by run_id) as total, load
    from (
      select q.run_id, q.bytes, (baton.add_mail(array[q.bytes], array[case when with_mail then q.run_id end]))[1] as load
      from baton.ready q where q.run_id = any (known)
    ) as loaded
  ), taken as (
    delete from baton.ready q using sized s
    where q.run_id = s.run_id and (s.total <= (request ->> 'max_bytes')::bigint or s.total = s.load) and s.bytes <= 8388608
    returning q.run_id
  )
  select array_agg(run_id), array_agg(run_id) into ids, begun_ids from taken;
end
$$;
