-- The ids of the smallest of some sources of a week (see list_sources), if it has fewer than so
-- many; null otherwise. Of each no more are read than the smallest before it has.
create or replace function baton.list_few(sources jsonb, since uuid, before uuid, placed uuid[], most integer) returns uuid[]
language plpgsql stable
as $$
declare
  source text;
  found_ids uuid[];
  fewest uuid[];
begin
  for source in select * from jsonb_array_elements_text(sources) loop
    execute format('select array(select id from (%s) as entry limit $4)', source) into found_ids using since, before, placed, most;
    if cardinality(found_ids) < most then
      fewest := found_ids;
      most := cardinality(found_ids);
    end if;
    exit when most = 0;
  end loop;
  return fewest;
end
$$;
