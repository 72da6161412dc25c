-- One row of text for each view of the schemas $1, in name order, with its columns and their types.
-- What it selects stands in sql/views; the catalogue gives that back in other words on each version
-- of PostgreSQL.
select format(e'-- owner: %s\ncreate %s %I.%I (\n%s\n);', c.relowner::regrole,
  case c.relkind when 'm' then 'materialized view' else 'view' end, n.nspname, c.relname,
  string_agg(format('  %I %s', a.attname, format_type(a.atttypid, a.atttypmod)), e',\n' order by a.attnum)) as text
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0
where n.nspname = any ($1) and c.relkind in ('v', 'm')
group by c.oid, c.relname, c.relkind, c.relowner, n.nspname
order by n.nspname, c.relname collate "C";
