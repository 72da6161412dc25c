-- Refuses an enqueue that is not of the shape that its header says (BT040). What it has under
-- columns is for check_new_runs. A key of the call as a whole belongs to the workflow of its runs.
create or replace function baton.check_enqueue(request jsonb, runs jsonb) returns void
language plpgsql immutable
as $$
declare
  index bigint;
begin
  perform baton.require_keys('the request of enqueue', request, '{columns}', '{columns,shared,fresh,request,checked}');
  perform baton.require_kind('the request of enqueue', request, 'boolean', '{fresh}');
  if request ? 'shared' then
    perform baton.require_keys('what the runs of enqueue share', request -> 'shared', '{}', '{workflow,version,priority}');
  end if;
  perform baton.check_new_runs(runs);
  if request ? 'request' then
    perform baton.require_keys('the key of the request', request -> 'request', '{workflow,key,hash}', '{workflow,key,hash}');
    perform baton.require_kind('the key of the request', request -> 'request', 'string', '{workflow,key,hash}');
    select nth - 1 into index
    from jsonb_array_elements(coalesce(runs -> 'workflow', jsonb_build_array(request #> '{shared,workflow}'))) with ordinality as r (workflow, nth)
    where workflow <> request #> '{request,workflow}'
    limit 1;
    if found then
      raise exception 'run % is of another workflow than the key of the request', index
        using errcode = 'BT040', hint = 'A key holds for one workflow: enqueue the runs of each by themselves. Nothing was stored.';
    end if;
  end if;
end
$$;
