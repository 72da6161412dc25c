-- What came of some items, whose runs are in children: [{ item, run, status, output, error }], in
-- order, up to so many bytes of outputs, one whatever it is; null: there are none. Planned for
-- their weeks, as put_back is.
create or replace function baton.describe_items(items integer[], children uuid[], room integer) returns json
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
declare
  lowest uuid := (select i from unnest(children) as i order by i limit 1);
  highest uuid := (select i from unnest(children) as i order by i desc limit 1);
begin
  return (
    select json_agg(json_build_object('item', t.item, 'run', t.child, 'status', t.status, 'output', t.output, 'error', t.error) order by t.item)
    from (
      select w.item, w.child, coalesce(e.status, 'gone') as status, o.output, e.error,
        sum(coalesce(octet_length(o.output::text), 0)) over (order by w.item) as total, row_number() over (order by w.item) as nth
      from unnest(items, children) as w (item, child)
      left join lateral (
        select x.status, x.error from baton.ending x where x.run_id = w.child and x.run_id between lowest and highest limit 1) as e on true
      left join lateral (
        select k.output from baton.checkpoint k
        where e.status = 'done' and k.run_id = w.child and k.run_id between lowest and highest and strpos(k.node, '/') = 0
        order by k.node = '~output' desc, k.position desc limit 1) as o on true
    ) as t
    where t.total <= room or t.nth = 1);
end
$$;
