-- What is stored of a run at some paths and below (all of it: ''), as it is shown: of what stands
-- below one node the first 100. Folds of a map are not shown.
--
-- room: so many bytes may be told, because Neon sends no answer over 10 MiB, and of 100 items or
--       passes there may be 25 MiB of outputs alone. Each byte of JSON is counted twice: an answer
--       of Neon's holds it as a text within JSON, which doubles quotes. The callers give 9 MB: with
--       4.5 MB of JSON an answer of Lambda's, in base64, is below 6 MiB.
-- checkpoints: [{ node, position, attempt, started_at, finished_at, output, left_out }], by
--              position and path; the plan of a map is only told by its length, { items: 10000 };
--              left_out: the bytes of an output for which there is no room. Those of the run's own
--              chain go first, its last one in front, then the small ones.
-- failures:    [{ node, attempt, started_at, finished_at, retry_at, error }], by attempt; errors
--              are whole in the newest 20, before them names and the first 200 characters. They
--              have a third of the room: the last one of each path goes first, then the newest.
-- left_out:    what is not all there: attempts, outputs, steps; null: everything is
-- As json: to build 4 MB of arrays of texts takes jsonb half a minute, and json 80 ms.
create or replace function baton.gather_steps(id uuid, roots text[], room bigint, out checkpoints json, out failures json, out left_out json)
language plpgsql stable set plan_cache_mode = force_custom_plan set enable_seqscan = off
as $$
declare
  rest bigint;
  cuts text[];
begin
  select coalesce(json_agg(f.told order by f.attempt, f.node) filter (where f.total <= room / 3), '[]'),
    room - coalesce(max(f.total) filter (where f.total <= room / 3), 0), case when max(f.total) > room / 3 then '{attempts}'::text[] end
    into gather_steps.failures, rest, cuts
  from (
    select f.*, sum(2 * octet_length(f.told::text)) over (order by f.nth_of_path > 1, f.newer) as total
    from (
      select f.node, f.attempt, f.newer, f.nth_of_path, json_build_object('node', f.node, 'attempt', f.attempt, 'started_at', f.started_at,
        'finished_at', f.finished_at, 'retry_at', f.retry_at, 'error', case when f.newer > 20
          then jsonb_build_object('name', f.error ->> 'name', 'message', left(f.error ->> 'message', 200)) else f.error end) as told
      from (
        select f.*, row_number() over (order by f.finished_at desc, f.node, f.attempt desc) as newer,
          row_number() over (partition by f.node order by f.attempt desc) as nth_of_path
        from unnest(roots) as r (root) join baton.failure f on f.node >= r.root and f.node < coalesce(nullif(r.root, '') || '0', '~~')
        where f.run_id = gather_steps.id and f.node <> '' and (r.root in ('', f.node) or starts_with(f.node, r.root || '/'))
          and (strpos(f.node, '/') = 0 or baton.hidden_below(f.node, r.root) is null)
      ) as f
      offset 0
    ) as f
  ) as f;
  select coalesce(json_agg(json_build_object('node', c.node, 'position', c.position, 'attempt', c.attempt, 'started_at', c.started_at,
      'finished_at', c.finished_at, 'output', case when c.fits then c.output end, 'left_out', case when not c.fits then octet_length(c.output::text) end)
      order by c.position, c.node) filter (where c.row_total <= rest), '[]'),
    to_json(cuts || case when bool_or(not c.fits and c.row_total <= rest) then '{outputs}'::text[] end
      || case when bool_or(c.row_total > rest) then '{steps}'::text[] end)
    into gather_steps.checkpoints, gather_steps.left_out
  from (
    select c.*, c.attempt = 0 or c.output_total + coalesce(max(c.row_total) filter (where c.row_total <= rest) over (), 0) <= rest as fits
    from (
      select c.*,
        sum(300 + octet_length(c.node) + case when c.attempt = 0 then c.bytes else 0 end) over (order by c.is_below, c.position, c.node) as row_total,
        sum(case when c.attempt > 0 then c.bytes else 0 end)
          over (order by c.is_below, case when not c.is_below then - c.position end, c.bytes, c.node) as output_total
      from (
        select c.node, c.position, c.attempt, c.started_at, c.finished_at, strpos(c.node, '/') > 0 as is_below, o.output, 2 * octet_length(o.output::text) as bytes
        from (
          select c.*, row_number() over (partition by r.root, regexp_replace(c.node, '/[^/]*$', '') order by c.node) as nth
          from unnest(roots) as r (root) join baton.checkpoint c on c.node >= r.root and c.node < coalesce(nullif(r.root, '') || '0', '~~')
          where c.run_id = gather_steps.id and (r.root in ('', c.node) or starts_with(c.node, r.root || '/'))
            and (strpos(c.node, '/') = 0 or strpos(c.node, '/~fold/') = 0 and baton.hidden_below(c.node, r.root) is null)
        ) as c
        cross join lateral (select case when c.attempt = 0 and jsonb_typeof(c.output -> 'items') = 'array'
          then jsonb_build_object('items', jsonb_array_length(c.output -> 'items')) else c.output end as output) as o
        where c.nth <= 100 or strpos(c.node, '/') = 0
        -- Or the size would be reckoned at each of its mentions.
        offset 0
      ) as c
    ) as c
  ) as c;
end
$$;
