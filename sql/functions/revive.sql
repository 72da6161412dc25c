-- Takes back the ending of a run, which goes on where it stopped with all its attempts anew. The
-- caller has locked the run. Its children are not stopped any more; those that have ended are its
-- poller's to let go on.
create or replace function baton.revive(id uuid) returns void
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
declare
  moment timestamptz := baton.now();
  asleep timestamptz;
begin
  perform baton.keep_ending(id);
  delete from baton.ending e where e.run_id = revive.id;
  -- Rows of one run count up in time, whatever the clock does: the last one is what is forgiven.
  insert into baton.redrive (run_id, at, forgiven)
  select revive.id, greatest(moment, (select max(at) + interval '1 microsecond' from baton.redrive r where r.run_id = revive.id)),
    coalesce(jsonb_object_agg(node, failures), '{}')
  from (select node, count(*) as failures from baton.failure f where f.run_id = revive.id group by node) as by_node;
  -- A cancel that came too late for the ending is not meant for what follows.
  delete from baton.control c where c.run_id = revive.id;
  if exists (select from baton.child) then
    delete from baton.stopping where run_id = any (array(
      select s.run_id from baton.stopping s where s.parent_id = revive.id or s.run_id = revive.id order by s.run_id for update));
    perform baton.note_family('revived', array[revive.id]);
  end if;
  -- One that was cancelled in a sleep of its own chain, of which a claim tells nothing.
  asleep := (
    select max(baton.wait_until(c.started_at, c.finished_at, moment)) from baton.checkpoint c where c.run_id = revive.id and strpos(c.node, '/') = 0);
  perform baton.put_back(array[revive.id], array[greatest(moment, asleep)]);
end
$$;
