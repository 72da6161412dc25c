-- Fails those of some ready rows whose run is larger, as text, than an answer to a poller may be.
-- Returns the others. members: what of these rows is parallel to them.
-- Nothing that large is accepted; a row of before, or one that was written by hand, would stop
-- every poller that claims it.
create or replace function baton.fail_oversized(inout ctids tid[], inout sizes integer[], inout members uuid[], moment timestamptz, out dropped integer)
language plpgsql volatile
as $$
declare
  ids uuid[];
begin
  with taken as (
    delete from baton.ready where ctid = any (ctids) and bytes > 8388608 returning run_id
  )
  select array_agg(run_id) into ids from taken;
  dropped := coalesce(cardinality(ids), 0);
  perform baton.end_each(ids, 'failed', jsonb_build_object('name', 'StateTooLargeError', 'message',
    'Input and outputs of this run are more than 8 MiB as the text that the database sends: store the data elsewhere and return a reference to it.'), moment);
  select array_agg(t.ctid order by t.nth), array_agg(t.size order by t.nth), array_agg(t.member order by t.nth) into ctids, sizes, members
  from unnest(ctids, sizes, members) with ordinality as t (ctid, size, member, nth) where t.size <= 8388608;
end
$$;
