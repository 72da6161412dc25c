-- What a list may read: how a source's rows are named, what their ids are, and what is asked of a
-- row (see list_conditions; null: nothing). tells: the part of what is asked that it thereby
-- answers. $3 holds the ids of a place; $4 is how many are read at most.
create or replace function baton.list_tables(asked jsonb) returns table (name text, named text, id text, condition text, tells text)
language sql immutable
as $$
  values
    ('run', 'baton.run r', 'r.id',
      nullif(concat_ws(' and ', asked ->> 'workflow', asked ->> 'version', asked ->> 'created_after', asked ->> 'created_before'), ''), 'run'),
    ('ending', 'baton.ending e', 'e.run_id',
      nullif(concat_ws(' and ', asked ->> 'ending', asked ->> 'error', asked ->> 'ended_after', asked ->> 'ended_before'), ''), 'ending'),
    ('attribute', 'baton.attribute a', 'a.run_id', asked ->> 'attributes', 'attribute'),
    ('containing', 'unnest(baton.list_containing(' || quote_literal(asked ->> 'attributes') || ', $1, $2, $4)) as a (run_id)', 'a.run_id', null, 'attribute'),
    ('failure', 'baton.failure f', 'f.run_id', null, null),
    ('ready', 'baton.ready q', 'q.run_id', asked ->> 'due', 'place'),
    ('blocked', 'baton.blocked b', 'b.run_id', null, 'place'),
    ('placed', 'unnest($3) as p (run_id)', 'p.run_id', null, 'place'),
    ('few', 'unnest($3) as p (run_id)', 'p.run_id', null, null)
$$;
