-- What follows for families from the endings, the starts and the redrives of this transaction:
-- children of a parent that has ended are stopped, items of a map whose time has come are due, and
-- so is a parent whose awaited children have ended, or of whose items more have failed than may.
-- Called once at the end of a call, since it takes all rows of awaited that the call needs by one
-- statement, in order: two calls that took them piece by piece would wait for each other.
--
-- entries: [{ run, awaits }] — runs that the call has parked, or that stay in their lease: by which
--          paths they wait. One of which the children have ended meanwhile is due too.
-- Returns whether a parent is due now.
-- Waking is a statement of its own: the snapshot of the one that waited for the rows may not have
-- the ready row that a parker has just put there.
create or replace function baton.settle_families(entries jsonb, moment timestamptz) returns boolean
language plpgsql volatile
as $$
declare
  ended uuid[] := baton.recall_family('ended');
  revived uuid[] := baton.recall_family('revived');
  items jsonb := baton.recall_items();
  changes jsonb;
begin
  if entries is null and ended = '{}' and revived = '{}' and items = '[]' then
    return false;
  end if;
  -- Of those that ended: what waits in their maps, before their children are stopped.
  items := items || coalesce((
    select jsonb_agg(jsonb_build_object('run', a.parent_id, 'path', a.path, 'closes', true))
    from unnest(ended) as e (id) join baton.awaited a on a.parent_id = e.id and a.behind > 0), '[]');
  ended := baton.stop_children(ended, moment);
  perform set_config('baton.ended', '', true), set_config('baton.revived', '', true), set_config('baton.items', '', true);
  changes := baton.count_changes(ended, revived, items, entries);
  perform from jsonb_to_recordset(changes) as w (parent uuid, path text)
    cross join lateral (select from baton.awaited a where a.parent_id = w.parent and a.path = w.path for update) as locked;
  update baton.awaited a set open = a.open + w.open, behind = a.behind + w.behind, failed = a.failed + w.failed
  from jsonb_to_recordset(changes) as w (parent uuid, path text, open integer, behind integer, failed integer)
  where a.parent_id = w.parent and a.path = w.path and (w.open <> 0 or w.behind <> 0 or w.failed <> 0);
  if changes @? '$[*] ? (@.listed == true)' then
    perform baton.settle_items(changes, ended || revived, moment);
  end if;
  return baton.wake_runs(array(
    select distinct a.parent_id
    from jsonb_to_recordset(changes) as w (parent uuid, path text, failed integer, asked boolean)
    join baton.awaited a on a.parent_id = w.parent and a.path = w.path
    where a.open <= a.behind or (a.failed > a.tolerated and (w.asked or a.failed - w.failed <= a.tolerated))), moment);
end
$$;
