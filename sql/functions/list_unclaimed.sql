-- A page of the business keys by which signals were sent that no run has waited for yet, by
-- workflow, name and key. What was sent is not told.
--
-- request: { limit, workflow?, after?: { workflow, name, key } } — only those of this workflow;
--          only those after this one
-- answer:  { signals: [{ workflow, name, key, count, oldest_at, expires_at }], more: whether there
--          are any after these } — as the view unclaimed_signals has them
-- A page reads the messages of its keys, 1,000 of each at most.
-- grant: baton_reader, baton_operator
create or replace function baton.list_unclaimed(request jsonb) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
  set plan_cache_mode = force_custom_plan
as $$
declare
  most integer;
  past jsonb := request -> 'after';
  rows jsonb;
begin
  perform baton.require_keys('the request of list_unclaimed', request, '{limit}', '{limit,workflow,after}');
  perform baton.require_kind('the request of list_unclaimed', request, 'number', '{limit}');
  perform baton.require_kind('the request of list_unclaimed', request, 'string', '{workflow}');
  if past is not null then
    perform baton.require_keys('"after" of list_unclaimed', past, '{workflow,name,key}', '{workflow,name,key}');
    perform baton.require_kind('"after" of list_unclaimed', past, 'string', '{workflow,name,key}');
  end if;
  most := (request ->> 'limit')::integer;
  select coalesce(jsonb_agg(to_jsonb(page) order by page.workflow, page.name, page.key), '[]') into rows
  from (
    select u.workflow, u.name, u.key, count(*)::integer as count, min(u.at) as oldest_at, min(u.at) + interval '168 hours' as expires_at
    from baton.unclaimed u
    where (not request ? 'workflow' or u.workflow = request ->> 'workflow')
      and (past is null or (u.workflow, u.name, u.key) > (past ->> 'workflow', past ->> 'name', past ->> 'key'))
    group by u.workflow, u.name, u.key
    order by u.workflow, u.name, u.key limit most + 1) as page;
  return jsonb_build_object('signals', (select coalesce(jsonb_agg(r.row order by r.nth), '[]') from jsonb_array_elements(rows) with ordinality as r (row, nth) where r.nth <= most),
    'more', jsonb_array_length(rows) > most);
end
$$;
