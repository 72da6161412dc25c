-- The workflows that have runs, by name, with how many of each status. A page takes as long as
-- seven lists for each of its workflows.
--
-- request: { limit, after?: name, version? } — at most so many, the names after this one; only runs
--          of this version
-- answer:  { workflows: [{ name, counts: { ready, waiting, running, blocked, done, failed,
--          cancelled } }], next } — a count is exact up to 10,000, then { atLeast: 10000 }; less
--          where a week without indexes has more runs than a list looks at. next: go on after this
--          name; null on the last page.
-- Planned for each week, as lists are. Stable: all that it reads is of one moment.
-- grant: baton_reader, baton_operator
create or replace function baton.list_workflows(request jsonb) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
  set enable_bitmapscan = off set enable_sort = off set plan_cache_mode = force_custom_plan
as $$
declare
  moment timestamptz := baton.now();
  most integer;
  names text[];
  workflows jsonb;
begin
  perform baton.require_keys('the request of list_workflows', request, '{limit}', '{limit,after,version}');
  perform baton.require_kind('the request of list_workflows', request, 'number', '{limit,version}');
  perform baton.require_kind('the request of list_workflows', request, 'string', '{after}');
  most := (request ->> 'limit')::integer;
  names := baton.list_names(coalesce(request ->> 'after', ''), most + 1, (request ->> 'version')::integer);
  select coalesce(jsonb_agg(jsonb_build_object('name', n.name, 'counts', (
      select jsonb_object_agg(s.status, baton.count_runs(request - '{limit,after}'::text[] || jsonb_build_object('workflow', n.name, 'status', s.status), moment))
      from unnest('{ready,waiting,running,blocked,done,failed,cancelled}'::text[]) as s (status))) order by n.nth), '[]')
    into workflows
  from unnest(names[:most]) with ordinality as n (name, nth);
  return jsonb_build_object('workflows', workflows, 'next', case when cardinality(names) > most then names[most] end);
end
$$;
