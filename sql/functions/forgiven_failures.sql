-- Failures that a redrive forgave, by run and node; null when there are none. The table is almost
-- always empty.
create or replace function baton.forgiven_failures(ids uuid[]) returns json
language plpgsql stable
as $$
begin
  if not exists (select from baton.redrive) then
    return null;
  end if;
  return (
    select json_object_agg(run_id, forgiven)
    from (select distinct on (run_id) run_id, forgiven from baton.redrive where run_id = any (ids) order by run_id, at desc) as latest);
end
$$;
