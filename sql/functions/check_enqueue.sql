-- Refuses an enqueue that is not of the shape that its header says (BT040). What the database works
-- out by itself, such as the run that a key stands for, cannot be given; a key of the call as a
-- whole belongs to the workflow of its runs.
create or replace function baton.check_enqueue(request jsonb) returns void
language plpgsql immutable
as $$
declare
  fresh jsonb := request -> 'fresh';
  index bigint;
begin
  if fresh is null then
    perform baton.require_keys('the request of enqueue', request, '{runs}', '{runs,request,checked}');
    perform baton.check_runs(request -> 'runs');
  else
    perform baton.require_keys('the request of enqueue', request, '{fresh}', '{fresh,shared,checked}');
    perform baton.check_columns('the fresh runs of enqueue', fresh, '{id,input}', '{id,input,workflow,version,priority,run_at,delay_ms,attributes}');
    if request ? 'shared' then
      perform baton.require_keys('what fresh runs share', request -> 'shared', '{}', '{workflow,version,priority}');
    end if;
    if fresh @? '$.id[*] ? (@ == null)' then
      raise exception 'a fresh run of enqueue has no id' using errcode = 'BT040', hint = 'Give each a UUIDv7. Nothing was stored.';
    end if;
    if fresh @? 'strict $.attributes[*] ? (@.type() != "object" && @ != null)' then
      raise exception 'the attributes of a fresh run of enqueue are no object'
        using errcode = 'BT040', hint = 'Give an object, or null where there are none. Nothing was stored.';
    end if;
  end if;
  if jsonb_array_length(coalesce(fresh -> 'id', request -> 'runs')) = 0 then
    raise exception 'enqueue was given no run' using errcode = 'BT040', hint = 'Give at least one.';
  end if;
  if request ? 'request' then
    perform baton.require_keys('the key of the request', request -> 'request', '{workflow,key,hash}', '{workflow,key,hash}');
    perform baton.require_kind('the key of the request', request -> 'request', 'string', '{workflow,key,hash}');
    select nth - 1 into index from jsonb_array_elements(request -> 'runs') with ordinality as r (run, nth)
    where run -> 'workflow' is distinct from request #> '{request,workflow}'
    limit 1;
    if found then
      raise exception 'run % is of another workflow than the key of the request', index
        using errcode = 'BT040', hint = 'A key holds for one workflow: enqueue the runs of each by themselves. Nothing was stored.';
    end if;
  end if;
end
$$;
