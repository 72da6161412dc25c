-- Which of these runs are to be cancelled. The table is almost always empty.
create or replace function baton.runs_to_stop(ids uuid[]) returns uuid[]
language plpgsql stable
as $$
begin
  if not exists (select from baton.control) then
    return '{}';
  end if;
  return array(select run_id from baton.control where run_id = any (ids));
end
$$;
