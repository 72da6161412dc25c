-- Keeps a message by a key that nobody owns, for 7 days; answers as signal does.
create or replace function baton.keep_unclaimed(request jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  moment timestamptz := baton.now();
  is_full boolean;
begin
  if request ? 'id' and not baton.remember_signal(request, request ->> 'workflow', moment) then
    return jsonb_build_object('status', 'repeated', 'woken', false);
  end if;
  select count(*) >= 1000 or coalesce(sum(octet_length(u.body::text)), 0) >= 1048576 into is_full
  from baton.unclaimed u
  where u.workflow = request ->> 'workflow' and u.name = request ->> 'name' and u.key = request ->> 'key' and u.at > moment - interval '168 hours';
  if is_full then
    delete from baton.dedup d where d.workflow = request ->> 'workflow' and d.scope = 'signal' and d.key = baton.signal_id(request);
    return jsonb_build_object('status', 'full', 'woken', false);
  end if;
  insert into baton.unclaimed (workflow, name, key, body, at)
  values (request ->> 'workflow', request ->> 'name', request ->> 'key', request -> 'body', moment);
  return jsonb_build_object('status', 'accepted', 'woken', false);
end
$$;
