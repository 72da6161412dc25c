-- What a list shows of a run, or null: no such run. Planned for the week of its id.
create or replace function baton.summarise_run(id uuid) returns jsonb
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
begin
  return (
    select jsonb_build_object('workflow', r.workflow, 'version', r.version, 'created_at', r.created_at, 'finished_at', e.at,
      'status', coalesce(e.status, baton.place_status(r.id, baton.now())))
    from baton.run r left join baton.ending e on e.run_id = summarise_run.id where r.id = summarise_run.id);
end
$$;
