-- Sizes of runs with those of the messages that a claim brings of them: of each name that a run
-- waits for the oldest. Null among the ids: such a run has none. In the order of the ids.
create or replace function baton.add_mail(sizes integer[], ids uuid[]) returns integer[]
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
begin
  return array(
    select t.size + coalesce(sum(octet_length(m.body::text)), 0)
    from unnest(sizes, ids) with ordinality as t (size, id, nth)
    left join baton.wait w on w.run_id = t.id
    left join lateral unnest(w.names) as n (name) on true
    left join lateral (select body from baton.message where run_id = w.run_id and name = n.name order by message.n limit 1) as m on true
    group by t.nth, t.size
    order by t.nth);
end
$$;
