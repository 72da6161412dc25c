-- The status of a run, read from its ending or its place: done, failed, cancelled, blocked, running, waiting or ready.
-- In this order, because a run moves from place to place in one commit and is never seen in none.
create or replace function baton.status_of(id uuid, moment timestamptz) returns text
language sql stable
as $$
  select coalesce(
    (select e.status from baton.ending e where e.run_id = status_of.id),
    (select 'blocked' from baton.blocked b where b.run_id = status_of.id),
    (select case when q.run_at > moment then 'waiting' else 'ready' end from baton.ready q where q.run_id = status_of.id),
    'running')
$$;
