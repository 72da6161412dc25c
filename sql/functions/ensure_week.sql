-- Makes the partitions of the ids that are taken at a moment, those of the last 24 hours and of
-- five minutes ahead, if they are missing. An enqueue makes no more than it needs, because its
-- transaction may be a user's: who needs the same week has to wait for it. A look at the
-- catalogue's cache, mostly one: ending is the last of the five that are made.
create or replace function baton.ensure_week(moment timestamptz) returns void
language plpgsql volatile
as $$
declare
  first_week text := to_char(date_trunc('week', (moment - interval '24 hours') at time zone 'UTC'), '"baton.ending_"YYYYMMDD');
  last_week text := to_char(date_trunc('week', (moment + interval '5 minutes') at time zone 'UTC'), '"baton.ending_"YYYYMMDD');
begin
  if to_regclass(last_week) is null or (first_week <> last_week and to_regclass(first_week) is null) then
    perform baton.make_partitions(moment - interval '24 hours', moment + interval '5 minutes', false);
  end if;
end
$$;
