-- What older producers send, runs as rows or fresh ones under their own name, as the header of
-- enqueue says it first. Anything else is left for check_enqueue to refuse.
create or replace function baton.enqueue_as_columns(request jsonb) returns jsonb
language sql immutable
as $$
  select case
    when jsonb_typeof(request) <> 'object' then request
    when request ? 'runs' then request - 'runs' || jsonb_build_object('columns', baton.rows_as_columns(request -> 'runs'))
    when jsonb_typeof(request -> 'fresh') = 'object' then request || jsonb_build_object('columns', request -> 'fresh', 'fresh', true)
    else request end
$$;
