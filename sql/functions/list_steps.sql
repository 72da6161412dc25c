-- A page of the parts that stand right below a node of a run, in order of their paths: items of a
-- map, passes, branches, memos. Each with what is stored below it, as find_run tells it of a run.
--
-- request: { under: path, status?, after?: path, limit } — status: pending, running, waiting, done,
--          failed or skipped; after: only parts after this one
-- answer:  { status, moment, finished_at, forgiven, checkpoints, failures, left_out, hidden: as
--          find_run has them; parts: [{ path, status }], more: whether there are any after these,
--          follows: false where no part is called after }. Null: there is no such run.
-- A call reads what is stored of all the parts, but for their outputs. Stable: all that it reads is
-- of one moment.
-- Planned for the week of its id: a plan for any id locks the partitions of all weeks.
-- grant: baton_reader, baton_operator
create or replace function baton.list_steps(id uuid, request jsonb) returns json
language plpgsql stable security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
  set plan_cache_mode = force_custom_plan
as $$
declare
  most integer := (request ->> 'limit')::integer;
  wanted text := request ->> 'status';
  run_status text;
  ended_at timestamptz;
  moment timestamptz := baton.now();
  paths text[];
  statuses text[];
  follows boolean;
  answer json;
begin
  perform baton.require_keys('the request of list_steps', request, '{under,limit}', '{under,status,after,limit}');
  perform baton.require_kind('the request of list_steps', request, 'string', '{under,status,after}');
  perform baton.require_kind('the request of list_steps', request, 'number', '{limit}');
  if wanted <> all ('{pending,running,waiting,done,failed,skipped}') then
    raise exception 'list_steps knows no status "%"', wanted
      using errcode = 'BT040', hint = 'It knows pending, running, waiting, done, failed and skipped.';
  end if;
  select coalesce(e.status, baton.place_status(r.id, moment)), e.at into run_status, ended_at
  from baton.run r left join baton.ending e on e.run_id = list_steps.id where r.id = list_steps.id;
  if run_status is null then
    return null;
  end if;
  with part as materialized (
    select p.path, p.status from baton.list_parts(list_steps.id, request ->> 'under', run_status, coalesce(ended_at, moment)) as p
  ), page as (
    select p.path, p.status from part p
    where (wanted is null or p.status = wanted) and (p.path collate "C") > coalesce(request ->> 'after', '') order by p.path collate "C" limit most + 1
  )
  select coalesce(array_agg(p.path), '{}'), array_agg(p.status), not request ? 'after' or exists (select from part where path = request ->> 'after')
    into paths, statuses, follows
  from page p;
  select json_build_object('status', run_status, 'moment', moment, 'finished_at', ended_at,
    'forgiven', (select d.forgiven from baton.redrive d where d.run_id = list_steps.id order by d.at desc limit 1),
    'checkpoints', steps.checkpoints, 'failures', steps.failures, 'left_out', steps.left_out,
    'hidden', baton.count_hidden(list_steps.id, paths[:most], run_status, coalesce(ended_at, moment)),
    'parts', (select coalesce(json_agg(json_build_object('path', t.path, 'status', t.status) order by t.nth), '[]')
      from unnest(paths[:most], statuses[:most]) with ordinality as t (path, status, nth)),
    'more', cardinality(paths) > most, 'follows', follows)
    into answer
  from baton.gather_steps(list_steps.id, paths[:most], 9000000) as steps;
  return answer;
end
$$;
