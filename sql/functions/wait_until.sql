-- Until when something waits that began at a moment and ends at another one: no longer than it was
-- to take, also where the clock was set back since it began.
create or replace function baton.wait_until(began timestamptz, until timestamptz, moment timestamptz) returns timestamptz
language sql immutable
as $$
  select case when began <= moment then until else least(until, moment + (until - began)) end
$$;
