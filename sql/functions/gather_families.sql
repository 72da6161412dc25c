-- How the children of some runs have ended that they await: by run, and in it by path, { run,
-- status, output, error }; status: done, failed, cancelled or gone. Null: none has. A path whose
-- output the run has already is not told, nor one whose child goes on. Of a map whose items are
-- runs, how these stand, as gather_items says it.
-- entries: [{ run, awaits }] — only these paths of these runs; null: all of all.
-- At most 2 MiB of outputs of either kind, and one whatever it is: whose poller was not told of an
-- ending awaits it, and is due at once.
create or replace function baton.gather_families(ids uuid[], entries jsonb default null) returns json
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
declare
  parents uuid[];
  paths text[];
  children uuid[];
  lists json[];
  lowest uuid;
  highest uuid;
begin
  select array_agg(a.parent_id), array_agg(a.path), array_agg(c.run_id) into parents, paths, children
  from baton.awaited a
  left join lateral (
    select c.run_id from baton.child c
    where a.tolerated is null and c.parent_id = a.parent_id and c.path = a.path and c.item = -1 order by c.run_id desc limit 1) as c on true
  where a.parent_id = any (ids) and (entries is null or exists (
    select from jsonb_to_recordset(entries) as e (run uuid, awaits text[]) where e.run = a.parent_id and a.path = any (e.awaits)));
  if parents is null then
    return null;
  end if;
  lists := baton.gather_lists(parents, paths, children);
  lowest := (select i from unnest(children || parents) as i where i is not null order by i limit 1);
  highest := (select i from unnest(children || parents) as i where i is not null order by i desc limit 1);
  return (
    select json_object_agg(f.parent_id, f.facts)
    from (
      select t.parent_id, json_object_agg(t.path, coalesce(t.list,
        json_build_object('run', t.child, 'status', t.status, 'output', t.output, 'error', t.error))) as facts
      from (
        select w.parent_id, w.path, w.child, w.list, coalesce(e.status, 'gone') as status, o.output, e.error,
          row_number() over in_order as nth, sum(coalesce(octet_length(o.output::text), 0)) over in_order as total
        from unnest(parents, paths, children, lists) as w (parent_id, path, child, list)
        cross join lateral (
          select count(*) as n from baton.checkpoint k where k.run_id = w.parent_id and k.run_id between lowest and highest and k.node = w.path) as known
        cross join lateral (select count(*) as n from baton.run r where r.id = w.child and r.id between lowest and highest) as there
        left join lateral (
          select x.status, x.error from baton.ending x where x.run_id = w.child and x.run_id between lowest and highest limit 1) as e on true
        left join lateral (
          select k.output from baton.checkpoint k
          where e.status = 'done' and k.run_id = w.child and k.run_id between lowest and highest and strpos(k.node, '/') = 0
          order by k.node = '~output' desc, k.position desc limit 1) as o on true
        where w.list is not null or (w.child is not null and known.n = 0 and (e.status is not null or there.n = 0))
        window in_order as (order by w.parent_id, w.path)
      ) as t
      where t.total <= 2097152 or t.nth = 1
      group by t.parent_id
    ) as f);
end
$$;
