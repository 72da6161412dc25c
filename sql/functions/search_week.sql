-- Runs of one week before an id in whose failures' messages or attributes a text is found: by the
-- search indexes, where so few rows hold it that all may be looked at; else, since an index gives
-- its rows in no order of time, the newest rows are walked (baton.walk_week).
--
-- matches: the condition on a column "text", with $1 the text and $2 its pattern. looked: at so
-- many rows, at most at most of them. next: where the walk stopped; null where it saw the week.
-- The partitions are read by themselves, which only their owner may, and without a condition on the
-- id: so no other index fits.
-- owner: migrator
-- grant: baton_engine
create or replace function baton.search_week(
  week text, matches text, sought text, pattern text, before uuid, most integer, out ids uuid[], out looked integer, out next uuid)
language plpgsql stable security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
as $$
declare
  failures text := format('select run_id, left(error ->> ''message'', 1000) as text from baton.%I', 'failure_' || week);
  attributes text := format('select run_id, baton.attribute_text(attributes) as text from baton.%I', 'attribute_' || week);
  part text;
  found_ids uuid[];
  walked record;
begin
  ids := '{}';
  looked := 0;
  foreach part in array array[failures, attributes] loop
    execute format('select array(select run_id from (%s) as part where %s limit $3)', part, matches)
      into found_ids using sought, pattern, most - looked + 1;
    ids := ids || found_ids;
    looked := looked + cardinality(found_ids);
    if looked > most then
      walked := baton.walk_week(failures, attributes, matches, sought, pattern, before, most);
      ids := walked.ids;
      looked := walked.looked;
      next := walked.next;
      return;
    end if;
  end loop;
  ids := array(select distinct id from unnest(ids) as i (id) where id < before);
end
$$;
