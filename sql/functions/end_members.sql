-- Ends members of a lease: ended is { place: [], run: [], error?: [] }. Returns the slots they
-- leave.
create or replace function baton.end_members(held baton.lease, ended jsonb, new_status text, skipped uuid[], checked boolean, moment timestamptz) returns integer[]
language plpgsql volatile
as $$
declare
  ids uuid[];
  slots integer[];
  errors jsonb[];
begin
  if ended is null then
    return '{}';
  end if;
  select array_agg(e.run::uuid), array_agg(e.place::integer), array_agg(e.error) into ids, slots, errors
  from rows from (
    jsonb_array_elements_text(ended -> 'place'), jsonb_array_elements_text(ended -> 'run'), jsonb_array_elements(ended -> 'error')
  ) as e (place, run, error)
  where baton.has_member(held, e.place::integer, e.run::uuid) and e.run::uuid <> all (skipped);
  perform baton.end_runs(ids, new_status, errors, checked, moment);
  return coalesce(slots, '{}');
end
$$;
