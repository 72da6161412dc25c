-- Puts members back into ready that wait for signals until a time: entries are [{ place, run,
-- delay_ms, bytes, names, keys?, queue? }]. Returns the slots they leave.
-- One with a signal that it waits for is due now; a heartbeat is none, and stays. One whose mail or
-- key somebody else has is due in a second: it waits then, or fails there, as its claim says. A
-- statement of its own looks for messages, after the locks: those of senders who were before are
-- there.
create or replace function baton.park_waiting(held baton.lease, entries jsonb, skipped uuid[], moment timestamptz) returns integer[]
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
declare
  ids uuid[];
  slots integer[];
  times timestamptz[];
  sizes integer[];
  queues smallint[];
  locked uuid[];
begin
  select array_agg(e.run), array_agg(e.place), array_agg(e.bytes), array_agg(case when e.queue is not null then baton.add_queue(e.queue) end)
    into ids, slots, sizes, queues
  from jsonb_to_recordset(entries) as e (place integer, run uuid, bytes integer, queue text)
  where baton.has_member(held, e.place, e.run) and e.run <> all (skipped);
  locked := baton.try_mail(ids);
  insert into baton.wait as w (run_id, names, keys)
  select e.run, e.names, e.keys from jsonb_to_recordset(entries) as e (run uuid, names text[], keys jsonb) where e.run = any (locked)
  on conflict on constraint wait_of_run do update set names = excluded.names, keys = excluded.keys
  where w.names <> excluded.names or w.keys is distinct from excluded.keys;
  locked := baton.take_keys(locked, entries, moment);
  select array_agg(case
      when e.run <> all (locked) then moment + interval '1 second'
      when exists (select from baton.message m where m.run_id = e.run and m.name = any (e.names) and strpos(m.name, '/~beat/') = 0) then moment
      else coalesce(moment + least(e.delay_ms, 315532800000) * interval '1 millisecond', baton.never()) end order by t.nth) into times
  from unnest(ids) with ordinality as t (id, nth)
  join jsonb_to_recordset(entries) as e (run uuid, delay_ms bigint, names text[]) on e.run = t.id;
  perform baton.put_back(ids, times, sizes => sizes, queues => queues, home => held.queue);
  return coalesce(slots, '{}');
end
$$;
