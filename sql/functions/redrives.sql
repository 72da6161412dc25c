-- How often a run has been redriven, which tells its failures apart: what cancel and redrive are
-- given to say which life of the run they mean. Null: no such run. Planned for the week of its id,
-- as cancel is.
-- grant: baton_reader, baton_operator
create or replace function baton.redrives(id uuid) returns integer
language plpgsql stable security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
  set plan_cache_mode = force_custom_plan
as $$
begin
  return (
    select (select count(*) from baton.redrive d where d.run_id = redrives.id)::integer from baton.run r where r.id = redrives.id);
end
$$;
