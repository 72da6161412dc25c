-- How the runs that are asked for are read in a week, as texts for the statements of list_week.
-- Each takes the bounds of ids as $1 and $2, the ids of a place as $3, and how many are to be read
-- as $4.
--
-- answer: { entries, fits, few: { entries: […], fits } } — entries: those of the week, newest
--          first; few: sources that may have far fewer, and are worth a look before.
create or replace function baton.list_plan(asked jsonb, indexed boolean, placed boolean) returns jsonb
language plpgsql stable
as $$
declare
  few text[];
  source text;
  entries text;
begin
  select s.source, s.entries into source, entries from baton.list_sources(asked, indexed, placed) as s where s.streams order by s.nth limit 1;
  few := array(select s.entries from baton.list_sources(asked, indexed, placed) as s where s.is_few order by s.nth);
  return jsonb_build_object('entries', entries, 'fits', baton.list_fits(asked, source),
    'few', case when cardinality(few) > 0 and few <> array[entries] then jsonb_build_object('entries', few, 'fits', baton.list_fits(asked, 'few')) end);
end
$$;
