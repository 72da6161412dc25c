-- Members whose wait cannot time out, with when they are due: a signal with one of these names is
-- stored, or a sender has the mail, or a key by which the run waits, and may be about to store one.
-- consumed: what the same round takes away is no such signal. A payload that a node refused would
-- keep its wait from timing out for ever, and the run would be claimed again and again.
create or replace function baton.find_late(
  held baton.lease, timeouts jsonb, consumed jsonb, moment timestamptz, out ids uuid[], out run_ats timestamptz[])
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
declare
  members uuid[] := array(select t.run from jsonb_to_recordset(timeouts) as t (place integer, run uuid) where baton.has_member(held, t.place, t.run));
  taken bigint[] := array(select c.n from jsonb_to_recordset(consumed) as c (n bigint));
  locked uuid[];
begin
  locked := baton.take_keys(baton.try_mail(members), timeouts, moment);
  select coalesce(array_agg(t.run), '{}'), array_agg(case when t.run = any (locked) then moment else moment + interval '1 second' end) into ids, run_ats
  from jsonb_to_recordset(timeouts) as t (run uuid, names text[])
  where t.run = any (members)
    and (t.run <> all (locked)
      or exists (select from baton.message m where m.run_id = t.run and m.name = any (t.names) and m.n <> all (taken)));
end
$$;
