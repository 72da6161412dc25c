-- Makes the commit of this transaction wait for the disk where the database, the login or the
-- session has said that none has to: an answer is a promise. A function's own SET would end before
-- the commit. What waits for replicas too stays as it is.
create or replace function baton.commit_durably() returns void
language plpgsql volatile
as $$
begin
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'on', true);
  end if;
end
$$;
