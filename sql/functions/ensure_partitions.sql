-- Makes the partitions of last week, of this week and of the next three, those that are missing in
-- between too.
-- Returns how many it made. It waits for the weeks that ids of now need; weeks ahead are left to a
-- call that is already making them.
create or replace function baton.ensure_partitions() returns integer
language plpgsql volatile
as $$
declare
  moment timestamptz := baton.now();
begin
  return baton.make_partitions(moment - interval '24 hours', moment + interval '5 minutes', false)
    + baton.make_partitions(moment - interval '168 hours', moment + interval '504 hours', true);
end
$$;
