-- The names of the audit's partitions that are months, the oldest first.
create or replace function baton.list_months() returns text[]
language sql stable
as $$
  select array(
    select c.relname::text from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'baton.audit'::regclass and c.relname ~ '^audit_p[0-9]{8}$' order by c.relname)
$$;
