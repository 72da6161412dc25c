-- The members of a lease that have not left it, with their slots.
-- chosen: only slots that are 1 in this bitmap too.
create or replace function baton.list_members(run_ids uuid[], gone varbit, chosen varbit default null, out ids uuid[], out slots integer[])
language sql immutable
as $$
  select array_agg(id order by nth), array_agg((nth - 1)::integer order by nth)
  from unnest(run_ids) with ordinality as m (id, nth)
  where get_bit(gone, (nth - 1)::integer) = 0 and (chosen is null or get_bit(chosen, (nth - 1)::integer) = 1)
$$;
