-- Takes those of some runs out of their places that are in no lease and are to be stopped. Returns
-- them.
-- One that is being undone stays where it is. It is looked for once the places are held, by another
-- statement: a round may have said so, and parked its run, a moment before.
-- One that a sender of a signal holds, which may be for minutes, is left to its claim or to a tick.
create or replace function baton.take_parked(ids uuid[]) returns uuid[]
language plpgsql volatile
as $$
declare
  unready uuid[] := array(select q.run_id from baton.ready q where q.run_id = any (ids) for update skip locked);
  unblocked uuid[] := array(select b.run_id from baton.blocked b where b.run_id = any (ids) for update);
  undone uuid[];
begin
  if unready = '{}' and unblocked = '{}' then
    return '{}';
  end if;
  undone := baton.runs_with_verdict(unready || unblocked);
  unready := array(select unnest(unready) except select unnest(undone));
  unblocked := array(select unnest(unblocked) except select unnest(undone));
  delete from baton.ready q where q.run_id = any (unready);
  delete from baton.blocked b where b.run_id = any (unblocked);
  return unready || unblocked;
end
$$;
