-- The runs of ready that are due (or are not), if they are no more than 1,000, so that a few are
-- found among millions of the others; null where they are more.
create or replace function baton.list_few_ready(due boolean, moment timestamptz) returns uuid[]
language plpgsql stable
as $$
declare
  found_ids uuid[];
begin
  if due then
    found_ids := array(
      select q.run_id from baton.list_bands() as b (band)
      cross join lateral (select run_id from baton.ready where band = b.band and run_at <= moment order by run_at limit 1001) as q limit 1001);
  else
    found_ids := array(
      select q.run_id from baton.list_bands() as b (band)
      cross join lateral (select run_id from baton.ready where band = b.band and run_at > moment order by run_at limit 1001) as q limit 1001);
  end if;
  return case when cardinality(found_ids) <= 1000 then found_ids end;
end
$$;
