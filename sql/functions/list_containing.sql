-- Ids between two bounds, at most so many, of runs whose attributes contain what is asked, by the
-- index that their week has of it; in no order. With settings of its own: such an index is read by
-- bitmap alone, and any other way would read the whole week.
create or replace function baton.list_containing(contained text, since uuid, before uuid, most integer) returns uuid[]
language plpgsql stable set enable_bitmapscan = on set enable_indexscan = off set enable_indexonlyscan = off
as $$
declare
  ids uuid[];
begin
  execute format('select array(select a.run_id from baton.attribute a where %s and a.run_id >= $1 and a.run_id < $2 limit $3)', contained)
    into ids using since, before, most;
  return ids;
end
$$;
