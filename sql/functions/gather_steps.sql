-- What is stored of a run at some paths and below (all of it: ''), as it is shown: of what stands
-- below one node the first 100. Folds of a map are not shown.
--
-- checkpoints: [{ node, position, attempt, started_at, finished_at, output }], by position and
--              path; the plan of a map is only told by its length, { items: 10000 }
-- failures:    [{ node, attempt, started_at, finished_at, retry_at, error }], by attempt; errors
--              are whole in the newest 20, before them names and the first 200 characters, or
--              thousands would outgrow an answer
-- As json: to build 4 MB of arrays of texts takes jsonb half a minute, and json 80 ms.
create or replace function baton.gather_steps(id uuid, roots text[], out checkpoints json, out failures json)
language plpgsql stable set plan_cache_mode = force_custom_plan set enable_seqscan = off
as $$
begin
  checkpoints := coalesce((
    select json_agg(json_build_object('node', c.node, 'position', c.position, 'attempt', c.attempt, 'started_at', c.started_at,
      'finished_at', c.finished_at, 'output', case
        when c.attempt = 0 and jsonb_typeof(c.output -> 'items') = 'array' then jsonb_build_object('items', jsonb_array_length(c.output -> 'items'))
        else c.output end) order by c.position, c.node)
    from (
      select c.*, row_number() over (partition by r.root, regexp_replace(c.node, '/[^/]*$', '') order by c.node) as nth
      from unnest(roots) as r (root) join baton.checkpoint c on c.node >= r.root and c.node < coalesce(nullif(r.root, '') || '0', '~~')
      where c.run_id = gather_steps.id and (r.root in ('', c.node) or starts_with(c.node, r.root || '/'))
        and (strpos(c.node, '/') = 0 or strpos(c.node, '/~fold/') = 0 and baton.hidden_below(c.node, r.root) is null)
    ) as c
    where c.nth <= 100 or strpos(c.node, '/') = 0), '[]');
  failures := coalesce((
    select json_agg(json_build_object('node', f.node, 'attempt', f.attempt, 'started_at', f.started_at, 'finished_at', f.finished_at,
      'retry_at', f.retry_at, 'error', case when f.newer > 20
        then jsonb_build_object('name', f.error ->> 'name', 'message', left(f.error ->> 'message', 200)) else f.error end) order by f.attempt, f.node)
    from (
      select f.*, row_number() over (order by f.finished_at desc) as newer
      from unnest(roots) as r (root) join baton.failure f on f.node >= r.root and f.node < coalesce(nullif(r.root, '') || '0', '~~')
      where f.run_id = gather_steps.id and f.node <> '' and (r.root in ('', f.node) or starts_with(f.node, r.root || '/'))
        and (strpos(f.node, '/') = 0 or baton.hidden_below(f.node, r.root) is null)
    ) as f), '[]');
end
$$;
