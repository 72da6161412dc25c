-- Of the keys by which a run waits those that another unfinished run has: [{ name, key }], or null.
-- The limit keeps the look at the owner behind the look at the key: as one join, Postgres asks of
-- every key that there is whether its owner has ended.
create or replace function baton.find_taken(id uuid, keys jsonb) returns json
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
begin
  return (
    select json_agg(json_build_object('name', w.name, 'key', w.key))
    from baton.run r
    cross join jsonb_to_recordset(keys) as w (name text, key text)
    cross join lateral (
      select s.run_id from baton.signal_key s where s.workflow = r.workflow and s.name = w.name and s.key = w.key limit 1
    ) as owner
    where r.id = find_taken.id and owner.run_id <> find_taken.id and baton.list_unfinished(array[owner.run_id]) <> '{}');
end
$$;
