-- The ids of the runs with a status whose place tells them all at once: running ones, and ready or
-- waiting ones if they are few; null for any other status.
create or replace function baton.list_place(status text, moment timestamptz) returns uuid[]
language plpgsql stable
as $$
begin
  return case
    when status in ('ready', 'waiting') then baton.list_few_ready(status = 'ready', moment)
    when status = 'running' then array(select unnest((baton.list_members(l.run_ids, l.gone)).ids) from baton.lease l) end;
end
$$;
