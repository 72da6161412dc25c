-- Which of these runs are to be cancelled: somebody asked for it, or their parent has ended. The
-- tables are almost always empty.
create or replace function baton.runs_to_stop(ids uuid[]) returns uuid[]
language plpgsql volatile
as $$
begin
  if not exists (select from baton.control) then
    return baton.find_stopped(ids);
  end if;
  return array(select run_id from baton.control where run_id = any (ids) union select unnest(baton.find_stopped(ids)));
end
$$;
