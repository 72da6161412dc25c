-- One row for each business key by which signals were sent that no run has waited for yet; it reads
-- all of them, 1,000 a key at most.
--
-- count: how many; oldest_at: when the first of them came; expires_at: when it is deleted, unless a
-- run claims it before.
-- grant: baton_reader, baton_operator
create or replace view baton.unclaimed_signals as
select u.workflow, u.name, u.key, count(*)::integer as count, min(u.at) as oldest_at, min(u.at) + interval '168 hours' as expires_at
from baton.unclaimed u
group by u.workflow, u.name, u.key;
