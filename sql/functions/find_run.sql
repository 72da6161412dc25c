-- Everything that is known of one run, or null: facts for the answer to a GET, in the words of the
-- tables. Of what stands below one node the first 100 parts are told, and how many more there are:
-- list_steps has them.
--
-- answer: { id, workflow, version, priority, input, attributes, created_at, status, error,
--         finished_at, run_at, queue: where it waits, null: the default one, blocked, awaits: names
--         of signals, family: as describe_family has it, hooks: as describe_hooks has it, redrives,
--         crashes, checkpoints, failures, left_out: as gather_steps has them, forgiven: failures
--         that the last redrive forgave, by path, hidden: as count_hidden has it, moment: the
--         database's time }
-- Planned for the week of its id: a plan for any id locks the partitions of all weeks.
-- grant: baton_reader, baton_operator
create or replace function baton.find_run(id uuid) returns json
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
  set plan_cache_mode = force_custom_plan
as $$
begin
  return (
    select json_build_object('id', r.id, 'workflow', r.workflow, 'version', r.version, 'priority', r.priority, 'input', r.input,
      'attributes', (select a.attributes from baton.attribute a where a.run_id = find_run.id),
      'created_at', r.created_at, 'moment', clock.moment, 'status', place.status,
      'error', e.error, 'finished_at', e.at, 'run_at', q.run_at, 'queue', (select k.name from baton.queue k where k.id = q.band / 16), 'blocked', b.reason,
      'awaits', (select w.names from baton.wait w where w.run_id = find_run.id and q.run_at is not null),
      'family', baton.describe_family(find_run.id),
      'hooks', baton.describe_hooks(find_run.id),
      'redrives', (select count(*) from baton.redrive d where d.run_id = find_run.id),
      'crashes', (select count(*) from baton.failure f where f.run_id = find_run.id and f.node = ''),
      'forgiven', (select d.forgiven from baton.redrive d where d.run_id = find_run.id order by d.at desc limit 1),
      'hidden', baton.count_hidden(find_run.id, '{""}', place.status, coalesce(e.at, clock.moment)),
      'checkpoints', steps.checkpoints, 'failures', steps.failures, 'left_out', steps.left_out)
    from baton.run r
    cross join (select baton.now() as moment) as clock
    left join baton.ending e on e.run_id = find_run.id
    left join baton.ready q on q.run_id = find_run.id
    left join baton.blocked b on b.run_id = find_run.id
    cross join lateral (select coalesce(e.status, baton.place_status(r.id, clock.moment)) as status) as place
    cross join lateral baton.gather_steps(find_run.id, '{""}', 9000000 - 2 * octet_length(r.input::text)) as steps
    where r.id = find_run.id);
end
$$;
