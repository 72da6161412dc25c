-- Which of these runs are there and have no ending.
create or replace function baton.list_unfinished(ids uuid[]) returns uuid[]
language plpgsql stable
as $$
begin
  return array(select unnest(baton.existing_runs(ids)) except select unnest(baton.runs_with_ending(ids)));
end
$$;
