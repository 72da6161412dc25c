-- How many failed attempts runs have, by run and node; null when there are none.
create or replace function baton.failures_of(ids uuid[]) returns json
language plpgsql stable
as $$
declare
  lowest uuid;
  highest uuid;
  answer json;
begin
  if coalesce(cardinality(ids), 0) = 0 then
    return null;
  end if;
  select array_agg(id order by id) into ids from unnest(ids) as t (id);
  lowest := ids[1];
  highest := ids[cardinality(ids)];
  select json_object_agg(run_id, counts) into answer
  from (
    select run_id, json_object_agg(node, attempts) as counts
    from (
      select run_id, node, count(*) as attempts
      from baton.failure where run_id = any (ids) and run_id between lowest and highest and node <> '' group by run_id, node
    ) as of_node
    group by run_id
  ) as of_run;
  return answer;
end
$$;
