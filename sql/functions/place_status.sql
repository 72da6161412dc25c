-- The status of a run that has no ending, read from its place: blocked, waiting, ready or running.
-- Read in one statement with the ending, because a run moves from place to place, and to its end,
-- in one commit and is never seen in none.
create or replace function baton.place_status(id uuid, moment timestamptz) returns text
language sql stable
as $$
  select coalesce(
    (select 'blocked' from baton.blocked b where b.run_id = place_status.id),
    (select case when q.run_at > moment then 'waiting' else 'ready' end from baton.ready q where q.run_id = place_status.id),
    'running')
$$;
