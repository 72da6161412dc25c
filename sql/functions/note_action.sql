-- Adds what an operator did to the audit, in the transaction that did it. Its caller calls it once,
-- where something changed, with no payload in the details.
-- actor: the name of the key; null: the login's.
create or replace function baton.note_action(action text, run_id uuid, actor text, details jsonb, moment timestamptz) returns void
language plpgsql volatile
as $$
begin
  perform baton.ensure_month(moment);
  insert into baton.audit (id, at, action, run_id, actor, details)
  values (baton.new_id(), moment, action, run_id, coalesce(actor, session_user), coalesce(details, '{}'));
end
$$;
