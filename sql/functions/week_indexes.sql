-- The indexes that a closed week gets for lists: the table, the end of the index's name, and what
-- it is on. All end with the run's id: so each is narrower than the primary key, and the planner,
-- with or without statistics, takes it. Texts of unknown length are cut, or an ending could be
-- refused.
create or replace function baton.week_indexes() returns table (parent text, suffix text, definition text)
language sql immutable
as $$
  values ('run', 'workflow', '(workflow collate "C", id)'),
    ('run', 'version', '(version, workflow collate "C", id)'),
    ('ending', 'at', '(at, run_id)'),
    ('ending', 'error', '(left(error ->> ''name'', 200) collate "C", run_id) where status = ''failed'''),
    ('failure', 'node', '(node, run_id) where retry_at is null')
$$;
