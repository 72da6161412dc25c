-- Drops the months of the audit that ended more than twelve months before a moment, as pg_partman
-- does with a retention of as long.
create or replace function baton.drop_months(moment timestamptz) returns void
language plpgsql volatile
as $$
declare
  month text;
begin
  foreach month in array baton.list_months() loop
    if to_timestamp(right(month, 8), 'YYYYMMDD') + interval '1 month' < moment - interval '12 months' then
      execute format('drop table baton.%I', month);
    end if;
  end loop;
end
$$;
