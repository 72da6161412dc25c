-- The names of the workflows that have runs, or runs of a version, in order after one, at most so
-- many. A closed week tells each by one look into its index; of other weeks the newest 20,000 runs
-- are looked at, all together.
create or replace function baton.list_names(after text, most integer, version integer) returns text[]
language plpgsql stable
as $$
declare
  unseen integer := baton.most_entries();
  names text[] := '{}';
  found_names text[];
  seen integer;
  week record;
begin
  for week in select * from baton.list_weeks('00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff') loop
    if week.indexed then
      found_names := baton.list_names_of_week(after, most, version, week.since, week.before);
    else
      execute 'select array_agg(distinct r.workflow) filter (where r.workflow collate "C" > $3 and ($5 is null or r.version = $5)), count(*)
        from (select workflow, version from baton.run where id >= $1 and id < $2 order by id desc limit $4) as r'
        into found_names, seen using week.since, week.before, after, unseen, version;
      unseen := unseen - seen;
    end if;
    names := array(select distinct n collate "C" from unnest(names || found_names) as n order by 1 limit most);
  end loop;
  return names;
end
$$;
