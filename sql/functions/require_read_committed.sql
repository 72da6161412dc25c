-- Raises outside READ COMMITTED: every call re-reads rows after it waited for them, which a fixed snapshot forbids.
create or replace function baton.require_read_committed() returns void
language plpgsql volatile
as $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'baton runs at READ COMMITTED only, this transaction is %', current_setting('transaction_isolation')
      using errcode = 'BT020', hint = 'Remove the default_transaction_isolation setting of this role or database.';
  end if;
end
$$;
