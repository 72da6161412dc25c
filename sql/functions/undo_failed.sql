-- Has those of some runs undone that fail without a poller, and whose workflow has something to
-- undo. Returns the others, which end. The table is almost always empty.
create or replace function baton.undo_failed(ids uuid[], error jsonb, moment timestamptz, crashed boolean default false) returns uuid[]
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
declare
  lowest uuid;
  highest uuid;
  begun uuid[];
begin
  if not exists (select from baton.undoable) then
    return ids;
  end if;
  lowest := (select i from unnest(ids) as i order by i limit 1);
  highest := (select i from unnest(ids) as i order by i desc limit 1);
  begun := baton.begin_undo(array(
    select r.id from baton.run r join baton.undoable u on u.workflow = r.workflow and u.version = r.version
    where r.id = any (array(select unnest(ids))) and r.id between lowest and highest), 'failed', error, moment, crashed);
  return array(select unnest(ids) except select unnest(begun));
end
$$;
