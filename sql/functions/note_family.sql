-- Notes that these runs have just ended, or go on again, for settle_families at the end of the
-- transaction's call: only those that have a family. what: ended or revived.
-- In a setting of the transaction, since endings are written deep in calls that answer other
-- things; a subtransaction that is rolled back takes its notes along.
create or replace function baton.note_family(what text, ids uuid[]) returns void
language plpgsql volatile
as $$
declare
  noted uuid[] := array(
    select c.run_id from baton.child c where c.run_id = any (ids)
    union
    select i.id from unnest(ids) as i (id) where exists (select from baton.awaited a where a.parent_id = i.id));
begin
  if cardinality(noted) > 0 then
    perform set_config('baton.' || what, (baton.recall_family(what) || noted)::text, true);
  end if;
end
$$;
