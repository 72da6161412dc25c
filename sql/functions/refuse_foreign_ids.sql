-- Refuses ids over 24 hours old or 5 minutes ahead (BT010): their partition may be gone, or not
-- made yet. Those of runs that are stored are good whatever their age: the call is a repeat, and
-- its caller must not be told to make new ones.
-- The detail carries the database's time in milliseconds, so that a client with a wrong clock
-- corrects itself.
create or replace function baton.refuse_foreign_ids(ids jsonb, moment timestamptz) returns void
language plpgsql stable
as $$
declare
  -- Computed once: in the condition they would be for each run, 4 µs of it.
  oldest uuid := baton.id_at(moment - interval '24 hours');
  newest uuid := baton.id_at(moment + interval '5 minutes');
  wrong uuid[];
  unknown uuid;
begin
  wrong := array(
    select given.id from (select i.id::uuid from jsonb_array_elements_text(ids) as i (id) offset 0) as given
    where given.id < oldest or given.id >= newest);
  if cardinality(wrong) = 0 then
    return;
  end if;
  select unnest(wrong) into unknown except select unnest(baton.existing_runs(wrong)) limit 1;
  if found then
    raise exception 'run id % was not made within the last 24 hours', unknown
      using errcode = 'BT010', detail = floor(extract(epoch from moment) * 1000)::bigint::text,
      hint = 'Make a new UUIDv7 from the time in the detail.';
  end if;
end
$$;
