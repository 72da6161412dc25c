-- Inserts the runs of a batch and a ready row for each that was really inserted: a repeat, or a known key, adds nothing.
-- run_at rises by a microsecond a row, so that the claim's watermark can stand between two rows of one batch. It is never in the
-- past: pollers have read on from there.
-- Returns how many of them are due within 15 seconds.
create or replace function baton.store_runs(runs jsonb, moment timestamptz) returns integer
language plpgsql volatile
as $$
declare
  due integer;
begin
  with given as (
    select r.*, greatest(moment, coalesce(r.run_at, moment + coalesce(r.delay_ms, 0) * interval '1 millisecond'))
      + place * interval '1 microsecond' as start_at
    from rows from (jsonb_to_recordset(runs)
      as (id uuid, workflow text, version integer, priority smallint, input jsonb, run_at timestamptz, delay_ms bigint, known uuid))
      with ordinality as r (id, workflow, version, priority, input, run_at, delay_ms, known, place)
    where r.known is null or r.known = r.id
  ), stored as (
    insert into baton.run (id, workflow, version, priority, input, start_at, created_at)
    -- A JSON null comes out of the record set as no value at all.
    select id, workflow, version, priority, coalesce(input, 'null'), start_at, moment from given
    on conflict do nothing
    returning id, priority, start_at, octet_length(input::text) as bytes
  ), queued as (
    insert into baton.ready (run_id, band, run_at, bytes, begun)
    select id, priority, start_at, bytes, false from stored
    returning run_at
  )
  select count(*) into due from queued where run_at <= moment + interval '15 seconds';
  return due;
end
$$;
