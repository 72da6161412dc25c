-- The tables that have a partition for each week, in the order in which they are made and locked.
create or replace function baton.weekly_tables() returns text[]
language sql immutable parallel safe
as $$ select array['run', 'attribute', 'checkpoint', 'failure', 'ending'] $$;
