-- Raises outside READ COMMITTED: every call re-reads rows after it waited for them, which a fixed
-- snapshot forbids.
create or replace function baton.require_read_committed() returns void
language plpgsql volatile
as $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'this transaction is %, and Baton can be called in READ COMMITTED only', upper(current_setting('transaction_isolation'))
      using errcode = 'BT020', hint = 'Begin it with BEGIN ISOLATION LEVEL READ COMMITTED. Where BEGIN names no level, '
        'default_transaction_isolation of the session, the login or the database decides: set it to ''read committed'' there.';
  end if;
end
$$;
