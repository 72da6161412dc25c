-- Stops the children of parents that have ended, and theirs: those that are parked at once, those
-- in a lease by its next round. Detached ones go on. Returns the runs that have ended, with those
-- that it has ended itself.
create or replace function baton.stop_children(ended uuid[], moment timestamptz) returns uuid[]
language plpgsql volatile
as $$
declare
  parents uuid[] := ended;
  before uuid[];
begin
  while cardinality(parents) > 0 loop
    before := baton.recall_family('ended');
    perform baton.stop_some(parents, 1000, moment);
    parents := array(select unnest(baton.recall_family('ended')) except select unnest(before));
    ended := ended || parents;
  end loop;
  return ended;
end
$$;
