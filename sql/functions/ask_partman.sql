-- Has pg_partman make and drop months of the audit. Its own maintenance works in the session's
-- zone, by a clock of its own, and makes a fourth month in the second half of each (4.7.2, 5.2.4):
-- so it is told the months and the moment.
create or replace function baton.ask_partman(partman text, moment timestamptz) returns void
language plpgsql volatile
as $$
begin
  -- It looks there before it looks into pg_catalog.
  if pg_my_temp_schema() <> 0 then
    raise exception 'This session has temporary tables' using errcode = 'BT040', hint = 'Ask from another session. Nothing was done.';
  end if;
  execute format('select %s.create_partition_time(%L, $1)', partman, 'baton.audit')
  using array(select generate_series(date_trunc('month', moment), moment + interval '3 months', interval '1 month'));
  execute format('select %s.drop_partition_time(%L, p_reference_timestamp => $1)', partman, 'baton.audit') using moment;
end
$$;
