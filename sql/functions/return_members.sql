-- Gives members of a lease back, due now and with nothing counted. A suspect that has stored
-- nothing stays a suspect.
create or replace function baton.return_members(held baton.lease, ids uuid[], moment timestamptz) returns void
language plpgsql volatile
as $$
declare
  proven uuid[] := case when held.crashes = 0 then ids else baton.runs_with_progress(ids, held.claimed_at) end;
  doubtful uuid[];
begin
  perform baton.put_back(proven, array_fill(moment, array[coalesce(cardinality(proven), 0)]), home => held.queue);
  if held.crashes > 0 then
    doubtful := array(select unnest(ids) except select unnest(proven));
    perform baton.put_back(doubtful, array_fill(moment, array[cardinality(doubtful)]), held.crashes, home => held.queue);
  end if;
end
$$;
