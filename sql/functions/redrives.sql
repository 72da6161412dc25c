-- How often a run has been redriven, which tells its failures apart: what cancel and redrive are given to say which life of the
-- run they mean. Null: no such run.
-- grant: baton_reader, baton_operator
create or replace function baton.redrives(id uuid) returns integer
language sql stable security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
as $$
  select (select count(*) from baton.redrive d where d.run_id = redrives.id)::integer from baton.run r where r.id = redrives.id
$$;
