-- Takes messages away that what a round stores has answered: entries are [{ place, run, n }].
create or replace function baton.take_messages(held baton.lease, entries jsonb, skipped uuid[]) returns void
language sql volatile
as $$
  delete from baton.message m using jsonb_to_recordset(entries) as e (place integer, run uuid, n bigint)
  where m.run_id = e.run and m.n = e.n and baton.has_member(held, e.place, e.run) and e.run <> all (skipped)
$$;
