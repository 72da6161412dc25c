-- Stores the failed attempts of a round; retry_at is null where there is no next attempt.
create or replace function baton.append_failures(held baton.lease, failures jsonb, moment timestamptz) returns void
language plpgsql volatile
as $$
begin
  if coalesce(jsonb_array_length(failures), 0) = 0 then
    return;
  end if;
  insert into baton.failure (run_id, node, attempt, started_at, finished_at, retry_at, error)
  select f.run, f.node, f.attempt, moment - (f.age_ms + f.took_ms) * interval '1 millisecond',
    moment - f.age_ms * interval '1 millisecond', moment + f.delay_ms * interval '1 millisecond', f.error
  from jsonb_to_recordset(failures)
    as f (place integer, run uuid, node text, attempt smallint, age_ms integer, took_ms integer, delay_ms bigint, error jsonb)
  where baton.is_member(held, f.place, f.run)
  on conflict do nothing;
end
$$;
