-- Notices that the clock was set back by more than five minutes, and sets right what the time
-- before would keep waiting: leases at once, runs that wait in up to 10,000 a tick (heal_waits). It
-- remembers the latest moment, which costs a write every ten minutes; a lease that lasts longer
-- than any may tells of a clock that was ahead between two ticks.
-- A clock that comes back to where it had been, by two hours or more at once, finds waits that were
-- shortened meanwhile: they get their own times again. Apart from that a jump forward is nothing:
-- nobody can tell it from a night in which nobody ticked. If another tick is already
-- doing this, it is left to that one.
create or replace function baton.heal_clock(moment timestamptz) returns void
language plpgsql volatile
as $$
declare
  known baton.clock;
  overlong boolean := exists (select from baton.lease where expires_at > moment + interval '65 minutes');
begin
  select * into known from baton.clock;
  if not overlong and known.band is null and moment between known.latest - interval '5 minutes' and known.latest + interval '10 minutes' then
    return;
  end if;
  select * into known from baton.clock for update skip locked;
  if not found then
    return;
  end if;
  -- Read again under the lock, or a tick that had to wait would take its own past for a clock that
  -- was set back.
  moment := baton.now();
  overlong := overlong and exists (select from baton.lease where expires_at > moment + interval '65 minutes');
  if overlong or moment < known.latest - interval '5 minutes' then
    insert into baton.setback (was, set_to) values (greatest(known.latest, baton.cut_leases(moment), moment), moment) on conflict do nothing;
    known := row(moment, greatest(known.latest, moment), moment, 0, moment, false);
  elsif moment > known.latest + interval '2 hours' and exists (select from baton.setback s where s.was > known.latest) then
    known := row(moment, known.latest, null, 0, known.latest - interval '15 minutes', false);
  elsif moment > known.latest + interval '10 minutes' then
    known.latest := moment;
  end if;
  if known.band is not null then
    known := baton.heal_waits(known, moment, 10000);
  end if;
  update baton.clock set latest = known.latest, was = known.was, set_to = known.set_to, band = known.band, run_at = known.run_at, again = known.again;
end
$$;
