-- By how much the numbers of nodes change that await runs, in the order in which their rows are
-- locked: [{ parent, path, open, behind, failed, asked, closes, listed }]. asked: somebody waits
-- for it; closes: its run has ended; listed: its runs are items of a map.
create or replace function baton.count_changes(ended uuid[], revived uuid[], items jsonb, entries jsonb) returns jsonb
language plpgsql stable
as $$
declare
  lost uuid[] := '{}';
begin
  if exists (select from baton.child c where c.run_id = any (ended) and c.item >= 0) then
    lost := baton.find_unsuccessful(array(select c.run_id from baton.child c where c.run_id = any (ended) and c.item >= 0));
  end if;
  return (
    select coalesce(jsonb_agg(jsonb_build_object('parent', w.parent, 'path', w.path, 'open', w.open, 'behind', w.behind, 'failed', w.failed,
      'asked', w.asked, 'closes', w.closes, 'listed', w.listed) order by w.parent, w.path), '[]')
    from (
      select o.parent, o.path, sum(o.open) as open, sum(o.behind) as behind, sum(o.failed) as failed,
        bool_or(o.asked) as asked, bool_or(o.closes) as closes, bool_or(o.listed) as listed
      from (
        select c.parent_id as parent, c.path, -1 as open, 0 as behind, case when l.id is not null then 1 else 0 end as failed,
          false as asked, false as closes, c.item >= 0 as listed
        from unnest(ended) as e (id) join baton.child c on c.run_id = e.id and not c.detached left join unnest(lost) as l (id) on l.id = e.id
        union all
        select c.parent_id, c.path, 1, 0, case when c.item >= 0 then -1 else 0 end, false, false, c.item >= 0
        from unnest(revived) as r (id) join baton.child c on c.run_id = r.id and not c.detached
        union all
        select i.run, i.path, coalesce(i.open, 0), coalesce(i.behind, 0), coalesce(i.failed, 0), false, coalesce(i.closes, false), true
        from jsonb_to_recordset(items) as i (run uuid, path text, open integer, behind integer, failed integer, closes boolean)
        union all
        select e.run, p.path, 0, 0, 0, true, false, false
        from jsonb_to_recordset(entries) as e (run uuid, awaits text[]) cross join unnest(e.awaits) as p (path)
      ) as o
      group by o.parent, o.path
    ) as w);
end
$$;
