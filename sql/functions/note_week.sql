-- Remembers that the retention has looked at a week, and with a moment, until when runs of it that
-- are gone were kept. Whoever lets runs of a week go calls it first, so that two of them take
-- turns: both lock the runs and the tables of the week, and in another order.
create or replace function baton.note_week(week timestamptz, until timestamptz) returns void
language plpgsql volatile
as $$
begin
  insert into baton.week as w (starts, looked_at, kept_until) values (week, baton.now(), until)
  on conflict (starts) do update set looked_at = excluded.looked_at, kept_until = coalesce(excluded.kept_until, w.kept_until);
end
$$;
