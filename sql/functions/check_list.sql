-- Refuses a list that is not of the shape that the header of list_runs says (BT040): a filter that
-- nobody knows must not pass for one that lets all runs through. A null is taken for nothing.
create or replace function baton.check_list(request jsonb) returns void
language plpgsql immutable
as $$
begin
  perform baton.require_keys('the request of list_runs', request, '{limit}', '{workflow,version,status,attributes,created_after,created_before,
    ended_after,ended_before,error_name,failed_node,before,limit,paged}');
  perform baton.require_kind('the request of list_runs', request, 'string',
    '{workflow,status,created_after,created_before,ended_after,ended_before,error_name,failed_node,before}');
  perform baton.require_kind('the request of list_runs', request, 'number', '{version,limit}');
  perform baton.require_kind('the request of list_runs', request, 'object', '{attributes}');
  if request ->> 'status' <> all ('{ready,running,waiting,done,failed,cancelled,blocked}') then
    raise exception 'list_runs knows no status "%"', request ->> 'status'
      using errcode = 'BT040', hint = 'It knows ready, running, waiting, done, failed, cancelled and blocked.';
  end if;
end
$$;
