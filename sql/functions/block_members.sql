-- Sets members of a lease aside because the code does not know them: entries are [{ place, run,
-- workflow, version, shape, reason }].
create or replace function baton.block_members(held baton.lease, entries jsonb, skipped uuid[], moment timestamptz) returns integer[]
language plpgsql volatile
as $$
declare
  slots integer[];
begin
  if coalesce(jsonb_array_length(entries), 0) = 0 then
    return '{}';
  end if;
  with aside as (
    insert into baton.blocked (run_id, workflow, version, shape, reason, at)
    select e.run, e.workflow, e.version, e.shape, e.reason, moment
    from jsonb_to_recordset(entries) as e (place integer, run uuid, workflow text, version integer, shape text, reason text)
    where baton.has_member(held, e.place, e.run) and e.run <> all (skipped)
    on conflict do nothing
    returning run_id
  )
  select array_agg(array_position(held.run_ids, run_id) - 1) into slots from aside;
  return coalesce(slots, '{}');
end
$$;
