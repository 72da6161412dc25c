-- Goes on with children that are to be stopped: those whose place somebody held, and those of
-- parents that have more of them than one call stops, 10,000 of these. Forgets what is over.
-- Returns how many it stopped.
create or replace function baton.stop_noted(moment timestamptz) returns integer
language plpgsql volatile
as $$
declare
  noted uuid[];
  parents uuid[];
  ids uuid[];
begin
  select array_agg(s.run_id), array_agg(s.run_id) filter (where s.run_id = s.parent_id) into noted, parents
  from (select run_id, parent_id from baton.stopping limit 10000) as s;
  if noted is null then
    return 0;
  end if;
  delete from baton.stopping where run_id = any (parents);
  perform baton.stop_some(parents, 10000, moment);
  ids := baton.take_parked(baton.find_stopped(noted));
  perform baton.end_each(ids, 'cancelled', null, greatest(moment, baton.now()));
  delete from baton.stopping where run_id <> parent_id and run_id = any (baton.runs_with_ending(array(select run_id from baton.stopping limit 10000)));
  return cardinality(ids);
end
$$;
