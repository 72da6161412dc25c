-- Reads expired runs of a part of a week as lines for an archive: looks at the next `most` endings
-- behind `past`, and stops once it has 8 MiB of lines. Writes and locks nothing.
--
-- answer: { ids, lines, past } — of each run its id and its line (baton.format_runs), in the order
--         of ids; past: behind which id to go on, null: the week is done.
-- 100 runs at a time, so that few more of the largest ones are put together than needed.
-- grant: baton_archiver
create or replace function baton.read_expired(week timestamptz, rules jsonb, moment timestamptz, past uuid, most integer) returns json
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC'
  set plan_cache_mode = force_custom_plan set enable_seqscan = off
as $$
declare
  first uuid := baton.id_at(week);
  beyond uuid := baton.id_at(week + interval '7 days');
  looked uuid[];
  expired uuid[];
  found record;
  ids uuid[] := '{}';
  lines text[] := '{}';
  bytes bigint := 0;
begin
  looked := array(
    select e.run_id from baton.ending e where e.run_id > coalesce(read_expired.past, first) and e.run_id < beyond order by e.run_id limit most);
  expired := array(
    select r.id from baton.run r join baton.ending e on e.run_id = r.id
    where r.id = any (looked) and e.run_id = any (looked) and baton.has_expired(rules, r.workflow, e.status, e.at, moment)
      and not baton.has_open_family(r.id) order by r.id);
  for n in 1..cardinality(expired) by 100 loop
    for found in select f.run_id, f.line from baton.format_runs(expired[n:n + 99]) f order by f.run_id loop
      if bytes >= 8388608 then
        return json_build_object('ids', ids, 'lines', lines, 'past', ids[cardinality(ids)]);
      end if;
      ids := ids || found.run_id;
      lines := lines || found.line;
      bytes := bytes + octet_length(found.line);
    end loop;
  end loop;
  return json_build_object('ids', ids, 'lines', lines, 'past', case when cardinality(looked) = most then looked[most] end);
end
$$;
