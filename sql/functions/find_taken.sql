-- Of the keys by which a run waits those that another unfinished run has: [{ name, key }], or null.
create or replace function baton.find_taken(id uuid, keys jsonb) returns json
language plpgsql stable
as $$
begin
  return (
    select json_agg(json_build_object('name', w.name, 'key', w.key))
    from baton.run r
    cross join jsonb_to_recordset(keys) as w (name text, key text)
    join baton.signal_key k on k.workflow = r.workflow and k.name = w.name and k.key = w.key
    where r.id = find_taken.id and k.run_id <> find_taken.id and baton.list_unfinished(array[k.run_id]) <> '{}');
end
$$;
