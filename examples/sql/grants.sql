-- What the group roles may do with the tables of the examples. Run as baton_migrator, after the
-- migrations. A sql node runs with the poller's own rights, so the poller needs them on the tables
-- that it writes.
do $$
begin
  -- Somebody may have dropped it since.
  if to_regnamespace('example') is not null then
    grant usage on schema example to baton_poller, baton_reader;
    grant select, insert, update, delete on all tables in schema example to baton_poller;
    grant select on all tables in schema example to baton_reader;
  end if;
end
$$;
