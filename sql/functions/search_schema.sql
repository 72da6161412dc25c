-- The schema of pg_trgm, by which its operators are called, where search is there: the extension
-- and both indexes, built to their end. Else it raises BT060.
create or replace function baton.search_schema() returns name
language plpgsql stable
as $$
declare
  found_schema name;
begin
  select n.nspname into found_schema from pg_extension e join pg_namespace n on n.oid = e.extnamespace
  where e.extname = 'pg_trgm' and 2 = (
    select count(*) from pg_index i
    where i.indexrelid in (to_regclass('baton.failure_search'), to_regclass('baton.attribute_search')) and i.indisvalid);
  if not found then
    raise exception 'search is not there in this database'
      using errcode = 'BT060', hint = 'Make it as the owner: npm run migrate -- --search';
  end if;
  return found_schema;
end
$$;
