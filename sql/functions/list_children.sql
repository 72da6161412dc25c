-- A page of the runs that a run has started, by the path of its node, and then by item, or by id,
-- as they were started.
--
-- request: { limit, after?: { path, id }, path? } — only those after this one; only those of this
--          path
-- answer:  { children: [{ path, id, detached, workflow, version, status, created_at, finished_at
--          }], more: whether there are any after these }, or null: no such run. Of a child that was
--          deleted only path and id are known.
-- Planned for the week of its id: a plan for any id locks the partitions of all weeks.
-- grant: baton_reader, baton_operator
create or replace function baton.list_children(id uuid, request jsonb) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
  set plan_cache_mode = force_custom_plan set enable_bitmapscan = off
as $$
declare
  most integer;
  past jsonb := request -> 'after';
  past_node text collate "C" := regexp_replace(past ->> 'path', '/[0-9]{5}$', '');
  past_item integer := coalesce(substring(past ->> 'path' from '/([0-9]{5})$')::integer, -1);
  rows jsonb;
begin
  perform baton.require_keys('the request of list_children', request, '{limit}', '{limit,after,path}');
  perform baton.require_kind('the request of list_children', request, 'number', '{limit}');
  perform baton.require_kind('the request of list_children', request, 'string', '{path}');
  if past is not null then
    perform baton.require_keys('"after" of list_children', past, '{path,id}', '{path,id}');
    perform baton.require_kind('"after" of list_children', past, 'string', '{path,id}');
  end if;
  if not exists (select from baton.run r where r.id = list_children.id) then
    return null;
  end if;
  most := (request ->> 'limit')::integer;
  select coalesce(jsonb_agg(jsonb_build_object('path', baton.path_of_child(page), 'id', page.run_id, 'detached', page.detached) || coalesce(baton.summarise_run(page.run_id), '{}')
    order by page.path, page.item, page.run_id), '[]') into rows
  from (
    select c.* from baton.child c
    where c.parent_id = list_children.id and (not request ? 'path' or c.path = request ->> 'path')
      and (past is null or (c.path, c.item, c.run_id) > (past_node, past_item, (past ->> 'id')::uuid))
    order by c.path, c.item, c.run_id limit most + 1) as page;
  return jsonb_build_object('children', (select coalesce(jsonb_agg(r.row order by r.nth), '[]') from jsonb_array_elements(rows) with ordinality as r (row, nth) where r.nth <= most),
    'more', jsonb_array_length(rows) > most);
end
$$;
