-- One row of text for each table of the schemas $1, in name order, with its constraints and
-- indexes; partitions are left out. Not-null constraints are shown with their column only: since 18
-- they stand in pg_constraint too, before that they did not.
with parent as (
  select c.oid, c.relname, n.nspname, c.relkind, c.reloptions, c.relowner::regrole as owner, format('%I.%I', n.nspname, c.relname) as name
  from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = any ($1) and c.relkind in ('r', 'p') and not c.relispartition
), line as (
  select p.oid, 1 as part, a.attnum::text as place,
    format('  %I %s', a.attname, format_type(a.atttypid, a.atttypmod))
      || case when a.attstorage <> t.typstorage then ' storage ' || case a.attstorage when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main' else 'extended' end else '' end
      || case when a.attnotnull then ' not null' else '' end
      || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '') as text
  from parent as p
  join pg_attribute as a on a.attrelid = p.oid and a.attnum > 0 and not a.attisdropped
  join pg_type as t on t.oid = a.atttypid
  left join pg_attrdef as d on d.adrelid = p.oid and d.adnum = a.attnum
  union all
  select p.oid, 2, c.conname, format('  constraint %I %s', c.conname, pg_get_constraintdef(c.oid))
  from parent as p join pg_constraint as c on c.conrelid = p.oid and c.contype in ('p', 'u', 'c', 'f', 'x')
), index_line as (
  select p.oid, string_agg(pg_get_indexdef(i.indexrelid) || ';', e'\n' order by i.indexrelid::regclass::text collate "C") as text
  from parent as p join pg_index as i on i.indrelid = p.oid
  where not exists (select from pg_constraint as c where c.conindid = i.indexrelid and c.contype in ('p', 'u', 'x'))
  group by p.oid
)
select format(e'-- owner: %s\ncreate table %s (\n%s\n)', p.owner, p.name, string_agg(l.text, e',\n' order by l.part, length(l.place) * (l.part % 2), l.place collate "C"))
  || case when p.relkind = 'p' then e'\npartition by ' || pg_get_partkeydef(p.oid) else '' end
  || coalesce(e'\nwith (' || array_to_string(p.reloptions, ', ') || ')', '')
  || ';' || coalesce(e'\n' || i.text, '') as text
from parent as p join line as l on l.oid = p.oid left join index_line as i on i.oid = p.oid
group by p.oid, p.nspname, p.relname, p.name, p.owner, p.relkind, p.reloptions, i.text
order by p.nspname, p.relname collate "C";
