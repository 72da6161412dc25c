-- Puts runs into ready, due at the given times. suspects: how often their pollers crashed; null: back to their priority.
-- A run that is ready already is left alone. Ids and times are parallel arrays.
create or replace function baton.put_back(ids uuid[], run_ats timestamptz[], suspects integer default null) returns void
language plpgsql volatile
as $$
begin
  insert into baton.ready (run_id, band, run_at, bytes, begun)
  select t.id, coalesce(3 + suspects, r.priority), t.run_at, r.bytes + c.bytes, true
  from unnest(ids, run_ats) as t (id, run_at)
  cross join lateral (select priority, octet_length(input::text) as bytes from baton.run where id = t.id limit 1) as r
  cross join lateral (select coalesce(sum(octet_length(output::text)), 0) as bytes from baton.checkpoint where run_id = t.id) as c
  on conflict do nothing;
end
$$;
