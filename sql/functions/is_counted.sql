-- Whether rollup has what a transaction stored in a page of a partition.
create or replace function baton.is_counted(part text, page bigint, number bigint) returns boolean
language sql volatile
as $$ select exists (select from baton.rolled r where r.part = is_counted.part and r.chunk = page / 128 and r.seen > number) $$;
