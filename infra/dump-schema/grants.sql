-- One row of text for each object of the schemas $1 and each role that has rights on it, besides
-- its owner.
with object as (
  select 1 as kind, format('schema %I', nspname) as name, nspowner as owner, nspacl as acl from pg_namespace where nspname = any ($1)
  union all
  select 2, format('table %I.%I', n.nspname, c.relname), c.relowner, c.relacl
  from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = any ($1) and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
  union all
  select 3, format('function %s', p.oid::regprocedure), p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
  from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
  where n.nspname = any ($1)
)
select format('grant %s on %s to %s;', string_agg(lower(a.privilege_type), ', ' order by a.privilege_type), o.name,
  case when a.grantee = 0 then 'public' else a.grantee::regrole::text end) as text
from object as o, aclexplode(o.acl) as a
where a.grantee <> o.owner
group by o.kind, o.name, a.grantee
order by o.kind, o.name collate "C", (case when a.grantee = 0 then 'public' else a.grantee::regrole::text end) collate "C";
