-- The last statement of a round with the statements of sql nodes: proves that the transaction is
-- still the one that applied the round, and its role still that of the first statement, which keeps
-- it in the setting baton.role. Else it raises BT004, and nothing of the round or the statements is
-- committed.
-- grant: baton_poller
create or replace function baton.prove_round(token uuid, round integer, role name) returns void
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
as $$
begin
  if not exists (
    select from baton.lease l
    where l.token = prove_round.token and l.round = prove_round.round and l.xmin = pg_current_xact_id()::xid
  ) then
    raise exception 'the statements of a sql node ended their transaction'
      using errcode = 'BT004', hint = 'Leave begin, commit, rollback and savepoints to the engine, which stores the output in the same transaction.';
  elsif role is distinct from nullif(current_setting('baton.role', true), '')::name then
    raise exception 'the statements of a sql node changed the role to %', role
      using errcode = 'BT004', hint = 'Put what needs another role into a function that is security definer.';
  end if;
  -- They may have said that the commit need not wait for the disk.
  perform baton.commit_durably();
end
$$;
