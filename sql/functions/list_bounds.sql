-- Between which ids the runs of a list may be. A run is stored up to 24 hours after its id was
-- made, and five minutes before (refuse_foreign_ids). It ends after that, unless the clock was set
-- back, which is noticed from five minutes on. placed: the only ones that they can be; null: any.
create or replace function baton.list_bounds(wanted jsonb, placed uuid[], inout before uuid, out since uuid)
language plpgsql stable
as $$
declare
  created_after timestamptz := greatest((wanted ->> 'created_after')::timestamptz, '1970-01-02 UTC') - interval '24 hours';
  created_before timestamptz := least((wanted ->> 'created_before')::timestamptz, '9999-01-01 UTC') + interval '5 minutes';
  ended_before timestamptz := least((wanted ->> 'ended_before')::timestamptz, '9999-01-01 UTC') + interval '10 minutes';
begin
  before := least(before, baton.id_at(created_before));
  if ended_before is not null and not exists (select from baton.setback) then
    before := least(before, baton.id_at(ended_before));
  end if;
  since := greatest(baton.id_at(created_after), '00000000-0000-0000-0000-000000000000', case
    when placed = '{}' then before
    else (select i from unnest(placed) as i order by i limit 1) end);
end
$$;
