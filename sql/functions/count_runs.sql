-- How many runs of a workflow have a status, as a list would show them: exact up to 10,000, else
-- { atLeast }: 10,000, or as many as there are among the 20,000 entries that a list looks at.
create or replace function baton.count_runs(workflow text, status text, moment timestamptz) returns jsonb
language plpgsql stable
as $$
declare
  listed record := baton.list_ids(jsonb_build_object('workflow', workflow, 'status', status), 'ffffffff-ffff-ffff-ffff-ffffffffffff', 10001, moment);
  counted integer := least(cardinality(listed.ids), 10000);
begin
  return case when listed.next is null and cardinality(listed.ids) <= 10000 then to_jsonb(counted) else jsonb_build_object('atLeast', counted) end;
end
$$;
