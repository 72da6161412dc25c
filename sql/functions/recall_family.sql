-- What note_family has noted in this transaction and settle_families has not done yet.
create or replace function baton.recall_family(what text) returns uuid[]
language sql stable
as $$
  select coalesce(nullif(current_setting('baton.' || what, true), '')::uuid[], '{}')
$$;
