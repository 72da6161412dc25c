-- The first places of a lease that are free for so many more runs: those that others have left,
-- then new ones at its end.
create or replace function baton.free_places(gone varbit, wanted integer) returns integer[]
language plpgsql immutable
as $$
declare
  places integer[];
begin
  if wanted is null then
    return '{}';
  end if;
  places := array(select p from generate_series(0, length(gone) - 1) as p where get_bit(gone, p) = 1 limit wanted);
  return places || array(select generate_series(length(gone), length(gone) + wanted - cardinality(places) - 1));
end
$$;
