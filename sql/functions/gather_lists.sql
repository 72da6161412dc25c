-- How the items of maps stand, as gather_items says it, for those of the paths where no child is
-- given: the others are null. 2 MiB of outputs together, and a page of the first whatever it is.
create or replace function baton.gather_lists(parents uuid[], paths text[], children uuid[]) returns json[]
language plpgsql stable
as $$
declare
  lists json[] := array_fill(null::json, array[cardinality(parents)]);
  room integer := 1048576;
  left_over integer := 2097152;
begin
  for n in 1 .. cardinality(parents) loop
    if children[n] is null and exists (
      select from baton.awaited a where a.parent_id = parents[n] and a.path = paths[n] and a.tolerated is not null) then
      lists[n] := baton.gather_items(parents[n], paths[n], least(room, left_over));
      left_over := left_over - octet_length(lists[n]::text);
    end if;
  end loop;
  return lists;
end
$$;
