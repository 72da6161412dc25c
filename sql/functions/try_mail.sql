-- Locks the mail of runs for a poller, and waits for nobody: a sender may hold one in a transaction
-- of its own for minutes. Returns the runs whose mail it has.
create or replace function baton.try_mail(ids uuid[]) returns uuid[]
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
  locked uuid[];
  without uuid[];
begin
  select array_agg(run_id) into locked
  from (select w.run_id from baton.wait w where w.run_id = any (ids) for update skip locked) as l;
  without := array(select unnest(ids) except select w.run_id from baton.wait w where w.run_id = any (ids));
  if cardinality(without) > 0 then
    select array_cat(locked, array_agg(l.id)) into locked
    from (
      select r.id from baton.run r where r.id = any (array(select unnest(without))) and r.id between lowest and highest for update skip locked
    ) as l;
  end if;
  return coalesce(locked, '{}');
end
$$;
