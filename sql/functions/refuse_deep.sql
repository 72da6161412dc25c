-- Ends runs that were just started, and have more than 8 runs above them that await one another.
create or replace function baton.refuse_deep(ids uuid[], moment timestamptz) returns void
language plpgsql volatile
as $$
begin
  delete from baton.ready where run_id = any (ids);
  perform baton.end_each(ids, 'failed', jsonb_build_object('name', 'FamilyTooDeepError', 'message',
    'This run is the child of a child, and so on, nine times over: let one of them start the next with detach, or make a loop of it.'), moment);
end
$$;
