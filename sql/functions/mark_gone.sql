-- The bitmap of a lease after some slots and some runs have left it.
create or replace function baton.mark_gone(held baton.lease, slots integer[], ids uuid[]) returns varbit
language plpgsql immutable
as $$
declare
  gone varbit := held.gone;
  slot integer;
  id uuid;
begin
  foreach slot in array slots loop
    gone := set_bit(gone, slot, 1);
  end loop;
  foreach id in array ids loop
    slot := array_position(held.run_ids, id);
    if slot is not null then
      gone := set_bit(gone, slot - 1, 1);
    end if;
  end loop;
  return gone;
end
$$;
