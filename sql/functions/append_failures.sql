-- Stores the failed attempts of a round; retry_at is null where there is no next attempt.
-- What cannot be counted or waited for is stored as the most that can: the attempt 32,767, ten
-- years.
create or replace function baton.append_failures(held baton.lease, failures jsonb, moment timestamptz) returns void
language plpgsql volatile
as $$
begin
  if coalesce(jsonb_array_length(failures), 0) = 0 then
    return;
  end if;
  insert into baton.failure (run_id, node, attempt, started_at, finished_at, retry_at, error)
  select f.run, f.node, least(f.attempt, 32767), moment - (f.age_ms + f.took_ms) * interval '1 millisecond',
    moment - f.age_ms * interval '1 millisecond',
    case when f.delay_ms is not null then moment + least(f.delay_ms, 315532800000) * interval '1 millisecond' end, f.error
  from jsonb_to_recordset(failures)
    as f (place integer, run uuid, node text, attempt integer, age_ms integer, took_ms integer, delay_ms bigint, error jsonb)
  where baton.has_member(held, f.place, f.run)
  on conflict do nothing;
end
$$;
