-- How many pages a partition has.
create or replace function baton.count_pages(part oid) returns bigint
language sql volatile
as $$ select coalesce(pg_relation_size(part), 0) / current_setting('block_size')::integer $$;
