-- Runs given as objects, as one array for each key that some of them have, with null where one has
-- it not. Refuses what is no list of objects, or lacks what each run must have (BT040).
-- By way of json: jsonb_agg takes a time that grows with the square of the elements in the inputs.
create or replace function baton.rows_as_columns(runs jsonb) returns jsonb
language plpgsql immutable
as $$
declare
  keys text[] := array(
    select distinct key from jsonb_path_query(runs, '$[*] ? (@.type() == "object")') as run, jsonb_object_keys(run) as key);
begin
  perform baton.require_rows('the runs of enqueue', runs, '{id,workflow,version,priority,input}', keys);
  return coalesce((
    select json_object_agg(key, (select json_agg(run -> key order by nth) from jsonb_array_elements(runs) with ordinality as r (run, nth)))::jsonb
    from unnest(keys) as key), '{"id": [], "input": []}');
end
$$;
