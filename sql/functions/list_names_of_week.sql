-- The names of the workflows that have runs, or runs of a version, in a closed week, in order after
-- one, at most so many: from each name the index of names, or that of versions, leads to the next.
create or replace function baton.list_names_of_week(after text, most integer, version integer, since uuid, before uuid) returns text[]
language plpgsql stable
as $$
declare
  names text[] := '{}';
  name text := after;
  next_name text := 'select r.workflow from baton.run r where r.workflow collate "C" > $1 and r.id >= $2 and r.id < $3'
    || coalesce(' and r.version = ' || version, '') || ' order by r.workflow collate "C" limit 1';
begin
  while cardinality(names) < most loop
    execute next_name into name using name, since, before;
    exit when name is null;
    names := names || name;
  end loop;
  return names;
end
$$;
