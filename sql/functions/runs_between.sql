-- The rows of baton.runs that were created from one moment to before another: the way by time that
-- reads the weeks of these moments only.
-- An id is at most 24 hours older than its run's creation, and five minutes newer (BT010).
-- Planned as a part of its query, hence no settings of its own. The bounds are selects: computed
-- once, not for each row.
-- needs: views
-- grant: baton_reader, baton_operator
create or replace function baton.runs_between(earliest timestamptz, latest timestamptz) returns setof baton.runs
language sql stable
as $$
  select r.* from baton.runs r
  where r.id >= (select baton.id_at(earliest - interval '24 hours')) and r.id < (select baton.id_at(latest + interval '5 minutes'))
    and r.created_at >= earliest and r.created_at < latest
$$;
