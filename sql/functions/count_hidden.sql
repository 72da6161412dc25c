-- How many parts of each status are not among the first 100 of their node, for each node at these
-- paths and below (all of the run: ''), but for what is itself not among the first 100.
--
-- answer: [{ under, counts: { done, failed, … }, size }] — size: how many nodes the longest part
--         has begun. Null: none, as in a plain chain.
create or replace function baton.count_hidden(id uuid, roots text[], run_status text, until timestamptz) returns json
language plpgsql stable set plan_cache_mode = force_custom_plan set enable_seqscan = off
as $$
begin
  if not exists (select from baton.checkpoint c where c.run_id = count_hidden.id and (strpos(c.node, '/') > 0 or c.attempt = 0))
    and not exists (select from baton.failure f where f.run_id = count_hidden.id and strpos(f.node, '/') > 0) then
    return null;
  end if;
  return (
    with stored as (
      select c.node, r.root, case when c.attempt = 0 then c.output -> 'items' end as items
      from unnest(roots) as r (root) join baton.checkpoint c on c.node >= r.root and c.node < coalesce(nullif(r.root, '') || '0', '~~')
      where c.run_id = count_hidden.id and (strpos(c.node, '/') > 0 or c.attempt = 0) and (r.root in ('', c.node) or starts_with(c.node, r.root || '/'))
      union all
      select f.node, r.root, null
      from unnest(roots) as r (root) join baton.failure f on f.node >= r.root and f.node < coalesce(nullif(r.root, '') || '0', '~~')
      where f.run_id = count_hidden.id and strpos(f.node, '/') > 0 and (r.root in ('', f.node) or starts_with(f.node, r.root || '/'))
    ), placed as (
      select stored.*, baton.hidden_below(node, root) as above from stored
    ), under as (
      select above as path from placed where above is not null
      union
      select node from placed where above is null and jsonb_typeof(items) = 'array' and jsonb_array_length(items) > 100
      union
      select parent from (
        select regexp_replace(node, '/[^/]*$', '') as parent from placed where above is null and strpos(node, '/') > 0 and strpos(node, '~') = 0
      ) as p group by parent having count(*) > 100
    ), part as (
      select u.path as under, p.status, p.size, row_number() over (partition by u.path order by p.path collate "C") as nth,
        substr(p.path, length(u.path) + 2) as name, (length(u.path) - length(replace(u.path, '/', ''))) % 2 = 0 as counts_items
      from under u cross join lateral baton.list_parts(count_hidden.id, u.path, run_status, until) as p
    ), counted as (
      select under, status, count(*) as n from part where case when counts_items and name ~ '^[0-9]{5}$' then name > '00099' else nth > 100 end group by 1, 2
    )
    select json_agg(json_build_object('under', under, 'counts', counts,
      'size', (select max(size) from part where part.under = each.under)) order by under)
    from (select under, json_object_agg(status, n) as counts from counted group by under) as each);
end
$$;
