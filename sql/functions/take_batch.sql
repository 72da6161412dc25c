-- Takes the next batch out of ready over the priorities 0 to 3, strictly in order, but for one run
-- in eight that goes to one of the priorities with work below the first, any of them, so that
-- nothing starves, whatever stands between.
--
-- base:    the first band of the queue.
-- request: { max, max_bytes, low: { "<band>": run_at } }; low is the watermark a poller was told
--          the last time.
-- answer:  ids (null when nothing is due), which of them have begun, and the new low.
-- poisoned: counts on for runs that were failed because no poller could take them.
create or replace function baton.take_batch(
  request jsonb, base integer, moment timestamptz, inout poisoned integer, out ids uuid[], out begun_ids uuid[], out low jsonb)
language plpgsql volatile
as $$
declare
  free integer := (request ->> 'max')::integer;
  room bigint := (request ->> 'max_bytes')::bigint;
  asked integer;
  wanted_band integer;
  turn integer[] := array[base, base + 1, base + 2, base + 3];
  busy integer[];
  got record;
  mark timestamptz;
begin
  low := coalesce(request -> 'low', '{}');
  busy := array(
    select band from unnest(turn) as b (band)
    where exists (select from baton.ready q where q.band = b.band and q.run_at <= moment
      and q.run_at >= coalesce((low ->> b.band::text)::timestamptz, '-infinity'))
    order by band);
  if cardinality(busy) > 1 and random() * 8 < least(free, 8) then
    turn := busy[2 + floor(random() * (cardinality(busy) - 1))::integer] || turn;
  end if;
  for i in 1 .. cardinality(turn) loop
    exit when free <= 0 or room <= 0;
    wanted_band := turn[i];
    asked := case when i = 1 and cardinality(turn) = 5 then greatest(free / 8, 1) else free end;
    got := baton.take_ready(wanted_band, asked, room, ids is null, coalesce((low ->> wanted_band::text)::timestamptz, '-infinity'), moment,
      request @? '$.manifest[*].waits', poisoned);
    mark := least(got.last_run_at, moment - interval '5 seconds');
    low := low || jsonb_build_object(wanted_band::text, mark);
    poisoned := got.poisoned;
    continue when got.ids is null;
    ids := ids || got.ids;
    begun_ids := begun_ids || got.begun_ids;
    free := free - cardinality(got.ids);
    room := room - got.bytes;
  end loop;
end
$$;
