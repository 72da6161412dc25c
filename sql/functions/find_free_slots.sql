-- The first slots of a lease that are free for so many more runs: those that others have left,
-- then new ones at its end.
create or replace function baton.find_free_slots(gone varbit, wanted integer) returns integer[]
language plpgsql immutable
as $$
declare
  slots integer[];
begin
  if wanted is null then
    return '{}';
  end if;
  slots := array(select p from generate_series(0, length(gone) - 1) as p where get_bit(gone, p) = 1 limit wanted);
  return slots || array(select generate_series(length(gone), length(gone) + wanted - cardinality(slots) - 1));
end
$$;
