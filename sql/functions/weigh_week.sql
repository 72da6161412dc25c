-- What a week holds, and how much of it may be let go by these rules (see baton.has_expired).
--
-- answer: { runs, expired, bytes } — bytes: of all its tables and their indexes on the disk.
-- grant: baton_maintainer
create or replace function baton.weigh_week(week timestamptz, rules jsonb, moment timestamptz) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC'
  set plan_cache_mode = force_custom_plan
as $$
begin
  return (
    select jsonb_build_object('runs', count(*), 'expired', count(*) filter (where baton.has_expired(rules, r.workflow, e.status, e.at, moment)),
      'bytes', (select sum(pg_total_relation_size(to_regclass('baton.' || t || to_char(week, '_YYYYMMDD')))) from unnest(baton.weekly_tables()) as t))
    from baton.run r
    left join baton.ending e on e.run_id = r.id
    where r.id >= baton.id_at(week) and r.id < baton.id_at(week + interval '7 days'));
end
$$;
