-- Which of the runs of a claim are to be cancelled: somebody asked for it, or their parent has
-- ended. Those that are to be undone first are told as such; a run that is being undone goes on.
-- The tables are almost always empty.
create or replace function baton.sort_stops(ids uuid[], moment timestamptz) returns uuid[]
language plpgsql volatile
as $$
declare
  asked uuid[];
begin
  if not exists (select from baton.control) then
    return baton.find_stopped(ids);
  end if;
  asked := array(select c.run_id from baton.control c where c.run_id = any (ids));
  perform baton.store_verdicts(array(select c.run_id from baton.control c where c.run_id = any (asked) and c.undo), 'cancelled', null, false, moment);
  perform baton.forget_stops(asked);
  return array(
    select c.run_id from baton.control c where c.run_id = any (asked) and not c.undo
    union
    select unnest(baton.find_stopped(ids)));
end
$$;
