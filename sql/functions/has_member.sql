-- Whether a run is a live member of a lease in this slot. A case, because a slot that the lease
-- does not have is asked for no bit.
create or replace function baton.has_member(held baton.lease, slot integer, run uuid) returns boolean
language sql immutable
as $$ select case when held.run_ids[slot + 1] = run then get_bit(held.gone, slot) = 0 else false end $$;
