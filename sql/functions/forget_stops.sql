-- Forgets stops of runs that are being undone: these change nothing.
create or replace function baton.forget_stops(ids uuid[]) returns void
language plpgsql volatile
as $$
begin
  delete from baton.control c where c.run_id = any (baton.runs_with_verdict(ids));
end
$$;
