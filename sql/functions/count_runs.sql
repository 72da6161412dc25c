-- How many runs a list would show: exact up to 10,000, else { atLeast }: 10,000, or as many as
-- there are among the 20,000 entries that a list looks at.
-- wanted: { workflow, status, version? }
create or replace function baton.count_runs(wanted jsonb, moment timestamptz) returns jsonb
language plpgsql stable
as $$
declare
  listed record := baton.list_ids(wanted, 'ffffffff-ffff-ffff-ffff-ffffffffffff', 10001, moment);
  counted integer := least(cardinality(listed.ids), 10000);
begin
  return case when listed.next is null and cardinality(listed.ids) <= 10000 then to_jsonb(counted) else jsonb_build_object('atLeast', counted) end;
end
$$;
