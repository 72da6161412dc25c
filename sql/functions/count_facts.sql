-- What transactions from one number to before another stored in some places of a partition, as rows
-- of rollup; later ones are as if they were not there yet. A step is of the minute in which it
-- finished, an ending and a failed attempt too, an enqueue of that in which it was accepted.
-- Sleeps are no steps, and neither is what baton.steps does not show; their bytes count all the
-- same. duration and wait are those of baton.runs, of runs that are done. What was at infinity has
-- no minute and is left out.
--
-- part: such as ending_20260907; first, after: the first place, and the one after the last; since,
-- before: numbers of transactions, 64 bits. A row has only the lower half of its own: it is younger
-- than two thousand million transactions, or the chunk is not looked at.
-- offset 0: else the planner looks up when a run began once for each time that it is named.
-- As the tables' owner: a partition by its own name is for nobody else.
-- owner: migrator
-- grant: baton_engine
create or replace function baton.count_facts(part text, first tid, after tid, since bigint, before bigint, earliest timestamptz)
returns setof baton.rollup
language plpgsql stable security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
as $$
declare
  kind text := split_part(part, '_', 1);
  week text := split_part(part, '_', 2);
  latest bigint := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
  rows_of text := format(
    '(select f.*, x.number from baton.%I f, lateral (select ($5 & -4294967296) | f.xmin::text::bigint as low) as l,
        lateral (select case when l.low >= $5 then l.low - 4294967296 else l.low end as number) as x
      where f.ctid >= $1 and f.ctid < $2 and x.number >= $3 and x.number < $4)', part);
  facts text := case kind
    when 'run' then 'select created_at as moment, id as run_id, ''enqueued'' as what, pg_column_size(input) as bytes, null::float8 as took, null::float8 as waited from %s f'
    when 'checkpoint' then 'select case when sleeps then started_at else finished_at end, run_id, case when is_step then ''steps'' end, bytes,
        case when is_step then baton.ms_between(started_at, finished_at)::float8 end, null::float8
      from (select *, pg_column_size(output) as bytes, pg_column_size(output) < 100 and output =
        jsonb_build_object(''until'', to_char(finished_at at time zone ''UTC'', ''YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'')) as sleeps from %s f) as stored,
        lateral (select not sleeps and attempt > 0 and strpos(node, ''~'') = 0 as is_step) as s'
    when 'failure' then 'select finished_at, run_id, ''failures'', 0, null::float8, null::float8 from %s f'
    when 'ending' then format('select f.at, f.run_id, f.status, 0,
        case when f.status = ''done'' then baton.ms_between(b.began, f.at)::float8 end,
        case when f.status = ''done'' then baton.ms_between(r.start_at, b.began)::float8 end
      from %%s f join baton.run_%1$s r on r.id = f.run_id
      cross join lateral (select least((select min(c.started_at) from baton.checkpoint_%1$s c where c.run_id = f.run_id and c.attempt > 0),
        (select min(g.started_at) from baton.failure_%1$s g where g.run_id = f.run_id)) as began offset 0) as b', week)
  end;
begin
  return query execute format(
    'select date_trunc(''minute'', f.moment), r.workflow, count(*) filter (where what = ''enqueued''), count(*) filter (where what = ''done''),
       count(*) filter (where what = ''failed''), count(*) filter (where what = ''cancelled''), count(*) filter (where what = ''steps''),
       count(*) filter (where what = ''failures''), sum(bytes)::bigint,
       baton.count_buckets(array_agg(took) filter (where what = ''done'' and took is not null)),
       baton.count_buckets(array_agg(waited) filter (where what = ''done'' and waited is not null)),
       baton.count_buckets(array_agg(took) filter (where what = ''steps''))
     from (%s) as f (moment, run_id, what, bytes, took, waited) join baton.%I r on r.id = f.run_id
     where f.moment >= $6 and isfinite(f.moment)
     group by 1, 2', format(facts, rows_of), 'run_' || week)
  using first, after, since, before, latest, earliest;
end
$$;
