-- Whether a run is a live member of a lease at this place. A case, because a place that the lease
-- does not have is asked for no bit.
create or replace function baton.is_member(held baton.lease, place integer, run uuid) returns boolean
language sql immutable
as $$ select case when held.run_ids[place + 1] = run then get_bit(held.gone, place) = 0 else false end $$;
