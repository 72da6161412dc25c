-- The bitmap of a lease after some places and some runs have left it.
create or replace function baton.without(held baton.lease, places integer[], ids uuid[]) returns varbit
language plpgsql immutable
as $$
declare
  gone varbit := held.gone;
  place integer;
  id uuid;
begin
  foreach place in array places loop
    gone := set_bit(gone, place, 1);
  end loop;
  foreach id in array ids loop
    place := array_position(held.run_ids, id);
    if place is not null then
      gone := set_bit(gone, place - 1, 1);
    end if;
  end loop;
  return gone;
end
$$;
