-- Takes the keys by which runs wait, and the messages by them that nobody had: entries are [{ run,
-- keys?: [{ name, key }] }]. Returns those of the runs that have all of theirs.
-- A key that a sender is about to send by, or that another unfinished run has, is not taken. Its
-- lock is only tried, and so is the row of a run that has ended, which somebody may be deleting in
-- a transaction of his own.
-- Statements of their own look at what there is: their snapshots are younger than the locks.
create or replace function baton.take_keys(ids uuid[], entries jsonb, moment timestamptz) returns uuid[]
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
  wanted jsonb;
  owners uuid[];
begin
  if not entries @? '$[*].keys' then
    return ids;
  end if;
  select jsonb_agg(jsonb_build_object('run', r.id, 'workflow', r.workflow, 'name', k.name, 'key', k.key,
      'locked', pg_try_advisory_xact_lock(baton.key_lock(r.workflow, k.name, k.key)))) into wanted
  from jsonb_to_recordset(entries) as e (run uuid, keys jsonb)
  cross join jsonb_to_recordset(e.keys) as k (name text, key text)
  join baton.run r on r.id = e.run
  where r.id = any (array(select unnest(ids))) and r.id between lowest and highest;
  owners := baton.list_unfinished(array(
    select k.run_id from jsonb_to_recordset(wanted) as w (workflow text, name text, key text) join baton.signal_key k using (workflow, name, key)));
  update baton.signal_key k set run_id = f.run
  from (
    select o.workflow, o.name, o.key, min(o.run::text)::uuid as run
    from (
      select workflow, name, key, w.run
      from jsonb_to_recordset(wanted) as w (run uuid, workflow text, name text, key text, locked boolean)
      join baton.signal_key s using (workflow, name, key)
      where w.locked and s.run_id <> all (owners) for update of s skip locked
    ) as o
    group by o.workflow, o.name, o.key
  ) as f
  where k.workflow = f.workflow and k.name = f.name and k.key = f.key;
  insert into baton.signal_key (workflow, name, key, run_id)
  select distinct on (workflow, name, key) workflow, name, key, w.run
  from jsonb_to_recordset(wanted) as w (run uuid, workflow text, name text, key text, locked boolean)
  left join baton.signal_key s using (workflow, name, key)
  where w.locked and s.run_id is null
  order by workflow, name, key, w.run;
  with own as (
    select workflow, name, key, w.run
    from jsonb_to_recordset(wanted) as w (run uuid, workflow text, name text, key text, locked boolean)
    join baton.signal_key s using (workflow, name, key)
    where w.locked and s.run_id = w.run
  ), mine as (
    delete from baton.unclaimed u using own
    where u.workflow = own.workflow and u.name = own.name and u.key = own.key and u.at > moment - interval '168 hours'
    returning own.run, u.name, u.n, u.body, u.at
  )
  insert into baton.message (run_id, name, body, at) select run, name, body, at from mine order by n;
  return array(
    select unnest(ids) except
    select w.run
    from jsonb_to_recordset(wanted) as w (run uuid, workflow text, name text, key text, locked boolean)
    left join baton.signal_key s using (workflow, name, key)
    where not w.locked or s.run_id is distinct from w.run);
end
$$;
