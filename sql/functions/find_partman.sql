-- The schema of pg_partman where it keeps the months of the audit; null: it is not there, was not
-- handed them, or may not be used.
create or replace function baton.find_partman() returns text
language plpgsql stable
as $$
declare
  partman text;
  handed boolean;
begin
  select quote_ident(n.nspname) into partman
  from pg_extension e join pg_namespace n on n.oid = e.extnamespace
  where e.extname = 'pg_partman' and has_schema_privilege(n.oid, 'usage');
  if partman is null or not has_table_privilege(partman || '.part_config', 'select') then
    return null;
  end if;
  execute format('select exists (select from %s.part_config where parent_table = %L)', partman, 'baton.audit') into handed;
  return case when handed then partman end;
end
$$;
