-- From where the runs that a list wants may be read in a week (see list_tables), with the statement
-- for it; none leaves out a run that fits. The better ones first, for a week that has too many of
-- each. indexed: the week has the indexes of closed weeks; placed: the ids of the place are given.
--
-- is_few: it may be far fewer than the week has, which is worth a look.
-- streams: the newest come first, however few are read. Others come in the order of their index,
-- which no other has, or the planner, without statistics, might take another. They are of use only
-- where all are read.
create or replace function baton.list_sources(asked jsonb, indexed boolean, placed boolean)
  returns table (nth integer, source text, entries text, is_few boolean, streams boolean)
language sql immutable
as $$
  select s.nth, s.source, baton.list_entries(asked, s.source, s.narrows, s.first), s.narrows <> 'true' or s.source = 'containing', s.first = '' and s.source <> 'containing'
  from (values
    (1, placed, 'placed', 'true', ''),
    (2, not placed, 'ready', case when asked ? 'due' then 'true' end, ''),
    (3, not placed, 'blocked', asked ->> 'blocked', ''),
    (4, indexed, 'ending', (asked ->> 'error') || ' and e.status = ''failed''', ''),
    (5, indexed, 'failure', asked ->> 'failure', ''),
    (6, indexed, 'run', nullif(concat_ws(' and ', asked ->> 'version', asked ->> 'workflow'), ''),
      case when asked ? 'workflow' then '' else 'r.workflow collate "C" desc,' end),
    (7, not (indexed and asked ?| '{error,failure}'), 'ending', nullif(asked ->> 'ending', 'e.status = ''done'''), ''),
    (8, true, 'containing', asked ->> 'leaf', ''),
    (9, indexed, 'ending', nullif(concat_ws(' and ', asked ->> 'ended_after', asked ->> 'ended_before'), ''), 'e.at desc,'),
    (10, asked ? 'attributes', 'attribute', 'true', ''),
    (11, not asked ? 'place' and asked ?| '{ending,ended_after,ended_before}', 'ending', 'true', ''),
    (12, not asked ?| '{place,ending,ended_after,ended_before}', 'run', 'true', '')
  ) as s (nth, is_there, source, narrows, first)
  where s.is_there and s.narrows is not null and (s.source = 'placed' or not placed)
$$;
