-- One row for each action of an operator that changed something.
--
-- action: cancel, redrive, change attributes or delete; actor: the API key's name, or the login's;
-- details: what the action meant, never a payload.
-- grant: baton_reader, baton_operator
create or replace view baton.actions as
select a.at, a.action, a.run_id, a.actor, a.details from baton.audit as a;
