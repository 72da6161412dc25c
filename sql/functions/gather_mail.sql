-- Of each name that a run waits for its oldest message, by run: [{ n, name, body, at }]. Null where
-- there is none.
create or replace function baton.gather_mail(ids uuid[], awaited jsonb default null) returns json
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
begin
  return (
    select json_object_agg(l.run_id, l.letters)
    from (
      select a.run_id, json_agg(json_build_object('n', m.n, 'name', m.name, 'body', m.body, 'at', m.at) order by m.n) as letters
      from (
        select w.run_id, unnest(w.names) as name from baton.wait w where awaited is null and w.run_id = any (array(select unnest(ids)))
        union
        select e.run, unnest(e.names) from jsonb_to_recordset(awaited) as e (run uuid, names text[]) where e.run = any (ids)
      ) as a
      cross join lateral (select * from baton.message where run_id = a.run_id and name = a.name order by n limit 1) as m
      group by a.run_id
    ) as l);
end
$$;
