-- The database's clock, the only one that is trusted. Tests replace this one function.
create or replace function baton.now() returns timestamptz
language sql volatile
as $$ select clock_timestamp() $$;
