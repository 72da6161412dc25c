-- When a run that waits without a deadline is due. It is a time of its own, since infinity cannot
-- be subtracted.
-- A time is lawful when it is at most ten years ahead, or exactly this one.
-- grant: baton_producer, baton_poller, baton_reader, baton_operator
create or replace function baton.never() returns timestamptz
language sql immutable parallel safe
as $$ select '9999-12-31 00:00:00+00'::timestamptz $$;
