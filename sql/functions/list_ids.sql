-- The newest runs of those that are wanted before an id, most of them at most, among the 20,000
-- newest entries of where such runs are: an index of a closed week, a place, the endings, or run.
-- next: the last entry looked at, where there may be more; null where ids are as many as asked for,
-- or nothing is left.
--
-- Week by week, the newest first, until the page is full: a look locks the partitions of its week.
-- Each statement is planned when it runs, for its week: a plan for any week locks those of all.
create or replace function baton.list_ids(wanted jsonb, before uuid, most integer, moment timestamptz, out ids uuid[], out next uuid)
language plpgsql stable
as $$
declare
  asked jsonb := baton.list_conditions(wanted, moment);
  placed uuid[] := baton.list_place(wanted ->> 'status', moment);
  bounds record := baton.list_bounds(wanted, placed, before);
  plans jsonb := '{}';
  unseen integer := baton.most_entries();
  week record;
  page record;
begin
  ids := '{}';
  for week in select * from baton.list_weeks(bounds.since, bounds.before) loop
    if not plans ? week.indexed::text then
      plans := plans || jsonb_build_object(week.indexed, baton.list_plan(asked, week.indexed, placed is not null));
    end if;
    page := baton.list_week(plans -> week.indexed::text, placed, week.since, week.before, most - cardinality(ids), unseen);
    ids := ids || page.ids;
    unseen := unseen - page.seen;
    next := case when unseen = 0 and cardinality(ids) < most then page.last end;
    exit when cardinality(ids) = most or unseen = 0;
  end loop;
end
$$;
