-- Lets a week go as a whole, where all of its runs have expired: its tables, and what lies beside
-- them.
--
-- answer: gone; kept: something in it has not expired, or there is no such week, or it is not over,
--         or it is last week, whose tables the next tick would make again (ensure_partitions);
--         busy: somebody holds one of its runs, or the tables were in use each time that they were
--         asked for.
-- First the week's own runs are locked, which holds up operators of these runs and nobody else, so
-- that nobody redrives one while the others are looked at. To drop a partition takes a lock that
-- every call waits behind: each is waited for 20 ms, 100 ms for all, and after a pause again; but
-- not while an operator waits for a run of the week, who has locked the table that this is part of.
-- owner: migrator
-- grant: baton_maintainer
create or replace function baton.drop_week(week timestamptz, rules jsonb, moment timestamptz) returns text
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC'
  set plan_cache_mode = force_custom_plan set lock_timeout = '20ms'
as $$
declare
  suffix text := to_char(week, '_YYYYMMDD');
  parts text := (select string_agg(format('baton.%I', t || suffix), ', ') from unnest(baton.weekly_tables()) as t);
  first uuid := baton.id_at(week);
  beyond uuid := baton.id_at(week + interval '7 days');
begin
  if week <> date_trunc('week', week) or week >= date_trunc('week', baton.now() - interval '168 hours')
    or to_regclass('baton.run' || suffix) is null then
    return 'kept';
  end if;
  begin
    perform baton.note_week(week, null);
    execute format('lock table baton.%I in exclusive mode', 'run' || suffix);
  exception
    -- Another maintenance has dropped it, or builds an index of it.
    when lock_not_available or undefined_table or insufficient_privilege then
      return 'busy';
  end;
  if exists (
    select from baton.run r left join baton.ending e on e.run_id = r.id
    where r.id >= first and r.id < beyond and not baton.has_expired(rules, r.workflow, e.status, e.at, moment)
  ) or exists (
    select from (
      select c.run_id from baton.child c where c.run_id >= first and c.run_id < beyond
      union all
      select a.parent_id from baton.awaited a where a.parent_id >= first and a.parent_id < beyond) as f (id)
    where baton.has_open_family(f.id)
  ) then
    return 'kept';
  end if;
  for tried in 1..21 loop
    if tried > 20 or exists (
      select from pg_locks l join pg_database d on d.oid = l.database
      where d.datname = current_database() and l.relation = to_regclass('baton.run' || suffix) and not l.granted
    ) then
      return 'busy';
    end if;
    begin
      execute 'drop table ' || parts;
      exit;
    exception
      when insufficient_privilege then
        return 'busy';
      when lock_not_available then
        perform pg_sleep(0.05 + random() * 0.2);
    end;
  end loop;
  delete from baton.redrive where run_id >= first and run_id < beyond;
  delete from baton.control where run_id >= first and run_id < beyond;
  delete from baton.wait where run_id >= first and run_id < beyond;
  delete from baton.message where run_id >= first and run_id < beyond;
  delete from baton.signal_key where run_id >= first and run_id < beyond;
  delete from baton.child where (parent_id >= first and parent_id < beyond) or (run_id >= first and run_id < beyond and detached);
  delete from baton.awaited where parent_id >= first and parent_id < beyond;
  delete from baton.waiting_item where parent_id >= first and parent_id < beyond;
  delete from baton.stopping where run_id >= first and run_id < beyond;
  delete from baton.wakeup where run_id >= first and run_id < beyond;
  perform baton.remove_hooks(array(
    select run_id from baton.hook_run where run_id >= first and run_id < beyond
    union select hook_run_id from baton.hook_run where hook_run_id >= first and hook_run_id < beyond));
  perform baton.note_week(week, moment);
  return 'gone';
end
$$;
