-- One row of text for each function of the schemas $1, in name order.
select format(e'-- owner: %s\n%s;', p.proowner::regrole, rtrim(pg_get_functiondef(p.oid), e'\n')) as text
from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
where n.nspname = any ($1)
order by n.nspname, p.oid::regprocedure::text collate "C";
