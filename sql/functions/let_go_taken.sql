-- Lets those runs of a week go that an archive has taken, as far as they have expired and are still
-- what it took: a run that was changed, redriven or deleted meanwhile is left to another day.
--
-- taken:  { ids, digests } — of each run its id, and the SHA-256 in hex of the line that was taken.
-- Returns how many went.
-- The lines are made again by a statement that begins when the runs are locked against operators,
-- and nobody else changes what has ended.
-- grant: baton_maintainer
create or replace function baton.let_go_taken(week timestamptz, rules jsonb, moment timestamptz, taken jsonb) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC'
  set plan_cache_mode = force_custom_plan set enable_seqscan = off
as $$
declare
  ids uuid[] := array(select jsonb_array_elements_text(taken -> 'ids')::uuid);
begin
  perform baton.require_read_committed();
  perform baton.note_week(week, null);
  ids := array(select r.id from baton.run r where r.id = any (ids) order by r.id for update skip locked);
  ids := array(
    select f.run_id from baton.format_runs(ids) f
    join rows from (jsonb_array_elements_text(taken -> 'ids'), jsonb_array_elements_text(taken -> 'digests')) as t(id, digest) on t.id::uuid = f.run_id
    where t.digest = encode(sha256(convert_to(f.line, 'UTF8')), 'hex'));
  return baton.let_go(week, rules, moment, ids);
end
$$;
