-- Of each name that a run waits for its oldest message, by run: { names, letters: [{ n, name, body,
-- at }], taken: [{ name, key }] that it waits by and another unfinished run has, or null }. Null
-- where no run waits. names: those that were looked for. Without awaited they are those with which
-- a run was last parked, and it may wait for others by now.
create or replace function baton.gather_mail(ids uuid[], awaited jsonb default null) returns json
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
begin
  return (
    select json_object_agg(l.run_id, case when l.total > 4194304 and l.total > l.bytes then json_build_object('names', array[]::text[], 'letters', array[]::text[])
      else json_build_object('names', l.names, 'letters', l.letters, 'taken', case when l.keys is not null then baton.find_taken(l.run_id, l.keys) end) end)
    from (
      select a.run_id, json_agg(a.name) as names, coalesce(sum(octet_length(m.body::text)), 0) as bytes,
        coalesce(sum(sum(octet_length(m.body::text))) over (order by a.run_id), 0) as total,
        coalesce(json_agg(json_build_object('n', m.n, 'name', m.name, 'body', m.body, 'at', m.at) order by m.n) filter (where m.n is not null), '[]')
          as letters,
        (array_agg(a.keys) filter (where a.keys is not null))[1] as keys
      from (
        select w.run_id, unnest(w.names) as name, w.keys from baton.wait w where awaited is null and w.run_id = any (array(select unnest(ids)))
        union
        select e.run, unnest(e.names), e.keys from jsonb_to_recordset(awaited) as e (run uuid, names text[], keys jsonb) where e.run = any (ids)
      ) as a
      left join lateral (select * from baton.message where run_id = a.run_id and name = a.name order by n limit 1) as m on true
      group by a.run_id
    ) as l);
end
$$;
