-- Fails the runs that are due at a time that cannot be meant: infinity, or more than eleven years
-- ahead and not baton.never(). A year more than enqueue allows, so that a clock that was ahead and
-- came back fails nobody. Returns how many.
-- Two ranges for each band, because what waits for ever stands between them, a million rows
-- perhaps.
create or replace function baton.end_unlawful(moment timestamptz) returns integer
language plpgsql volatile
as $$
declare
  latest timestamptz := moment + interval '96432 hours';
  ids uuid[];
begin
  with unlawful as (
    select late.ctid
    from baton.list_bands() as b (band)
    cross join lateral (
      (select q.ctid from baton.ready q where q.band = b.band and q.run_at > latest and q.run_at < baton.never() limit 1000)
      union all
      (select q.ctid from baton.ready q where q.band = b.band and q.run_at > baton.never() limit 1000)
    ) as late
  ), taken as (
    delete from baton.ready where ctid = any (array(select ctid from unlawful)) returning run_id
  )
  select array_agg(run_id) into ids from taken;
  perform baton.end_each(ids, 'failed', jsonb_build_object('name', 'UnlawfulTimeError',
    'message', 'This run was due at a time that is more than ten years ahead and not baton.never(): enqueue it again with a time within ten years.'), moment);
  return coalesce(cardinality(ids), 0);
end
$$;
