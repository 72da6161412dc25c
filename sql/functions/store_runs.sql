-- Inserts the runs of a batch and a ready row for each that was really inserted: a repeat adds
-- nothing, or raises 23505 if they are fresh, which costs 1.5 µs and 48 bytes of WAL less for each.
-- run_at rises by a microsecond a row, so that the claim's watermark can stand between two rows of
-- one batch. It is never in the past: pollers have read on from there.
--
-- runs:    { id, workflow, version, priority, input, run_at?, delay_ms?, attributes?, key?, hash?
--          }, one array for each key, 3 µs a run less to read than an object for each.
--          run_at: when it may start, in ISO 8601; delay_ms: how long after now, in its place.
--          attributes: an object; a key of it that is null is left out.
--          key: an idempotency key; hash: what it stands for.
-- shared:  { workflow, version, priority } in the place of columns that are the same throughout;
--          queue: one of which no poller has claimed yet is left to the default one.
-- known:   the run that the key of each stands for: where that is another one, nothing is stored.
-- Returns how many of them are due within 15 seconds. An input that is stored is at most 256 KiB of
-- text (BT050), since a claim sends text: 1e308 is stored in 20 bytes and sent in 309. It starts
-- within ten years, or at exactly baton.never() (BT052). A column that is not of these is BT040.
-- Attributes are a statement of their own: most runs have none.
create or replace function baton.store_runs(runs jsonb, shared jsonb, known uuid[], fresh boolean, moment timestamptz) returns integer
language plpgsql volatile
as $$
declare
  all_workflow text := shared ->> 'workflow';
  all_version integer := shared ->> 'version';
  all_priority smallint := shared ->> 'priority';
  base integer := case when shared ? 'queue' then 16 * coalesce(baton.find_queue(shared ->> 'queue'), 0) else 0 end;
  named boolean := runs ? 'attributes';
  due integer;
  largest integer;
  latest timestamptz;
  stored uuid[];
begin
  perform baton.require_keys('the runs of enqueue', runs, '{}', '{id,workflow,version,priority,input,run_at,delay_ms,attributes,key,hash}');
  with given as (
    select r.id::uuid, coalesce(r.workflow, all_workflow) as workflow, coalesce(r.version::integer, all_version) as version,
      coalesce(r.priority::smallint, all_priority) as priority, r.input,
      case when r.run_at::timestamptz = baton.never() then baton.never() else
        greatest(moment, coalesce(r.run_at::timestamptz, moment + least(coalesce(r.delay_ms::bigint, 0), 400000000000) * interval '1 millisecond'))
        + r.nth * interval '1 microsecond' end as start_at,
      case when r.run_at::timestamptz > moment then true end as start_is_named
    from rows from (
      jsonb_array_elements_text(runs -> 'id'), jsonb_array_elements_text(runs -> 'workflow'), jsonb_array_elements_text(runs -> 'version'),
      jsonb_array_elements_text(runs -> 'priority'), jsonb_array_elements(runs -> 'input'), jsonb_array_elements_text(runs -> 'run_at'),
      jsonb_array_elements_text(runs -> 'delay_ms')
    ) with ordinality as r (id, workflow, version, priority, input, run_at, delay_ms, nth)
    where known is null or known[r.nth] is null or known[r.nth] = r.id::uuid
  ), stored_fresh as (
    insert into baton.run (id, workflow, version, priority, input, start_at, created_at, start_is_named)
    select id, workflow, version, priority, input, start_at, moment, start_is_named from given where fresh
    returning id, priority, start_at, octet_length(input::text) as bytes
  ), stored_new as (
    insert into baton.run (id, workflow, version, priority, input, start_at, created_at, start_is_named)
    select id, workflow, version, priority, input, start_at, moment, start_is_named from given where not fresh
    on conflict do nothing
    returning id, priority, start_at, octet_length(input::text) as bytes
  ), queued as (
    insert into baton.ready (run_id, band, run_at, bytes, begun)
    select id, base + priority, start_at, bytes, false from (select * from stored_fresh union all select * from stored_new) as stored
    returning run_id, run_at, bytes
  )
  select count(*) filter (where run_at <= moment + interval '15 seconds'), max(bytes), max(run_at) filter (where run_at <> baton.never()),
    array_agg(run_id) filter (where named)
    into due, largest, latest, stored from queued;
  if largest > 262144 then
    raise exception 'an input is % bytes of JSON as the database writes it, more than 262144', largest
      using errcode = 'BT050', hint = 'Store the data elsewhere and pass a reference to it.';
  end if;
  if latest > moment + interval '87648 hours 1 second' then
    raise exception 'a run is to start at %, more than ten years ahead', latest
      using errcode = 'BT052', hint = 'Give it a time within ten years, or exactly baton.never().';
  end if;
  if named then
    perform baton.store_attributes(runs, stored);
  end if;
  return due;
end
$$;
