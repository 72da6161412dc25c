-- What people call a run by: JSON to find it again, in a row only where a run has some. Partitioned
-- by week as run is, so that run stays written once and old weeks go whole.
create table baton.attribute (
  run_id uuid not null,
  attributes jsonb not null,
  constraint attribute_of_run primary key (run_id)
) partition by range (run_id);

create index attribute_contained on baton.attribute using gin (attributes jsonb_path_ops);

-- The weeks that are there. Who makes weeks takes this lock too, so none comes meanwhile.
lock table only baton.run in share update exclusive mode;

do $$
declare
  week record;
begin
  for week in
    select replace(c.relname, 'run_', 'attribute_') as child, pg_get_expr(c.relpartbound, c.oid) as bounds
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'baton.run'::regclass
  loop
    execute format('create table baton.%I (like baton.attribute including all)', week.child);
    execute format('alter table baton.attribute attach partition baton.%I %s', week.child, week.bounds);
  end loop;
end
$$;
