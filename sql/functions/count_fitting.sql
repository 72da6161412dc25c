-- How many of these sizes, from the first on, fit into room together; first_fits: the first in any
-- case.
create or replace function baton.count_fitting(sizes integer[], room bigint, first_fits boolean) returns integer
language plpgsql immutable
as $$
declare
  taken bigint := 0;
begin
  for i in 1 .. cardinality(sizes) loop
    taken := taken + sizes[i];
    if taken > room and not (first_fits and i = 1) then
      return i - 1;
    end if;
  end loop;
  return cardinality(sizes);
end
$$;
