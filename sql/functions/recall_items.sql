-- What note_items has noted in this transaction and settle_families has not done yet.
create or replace function baton.recall_items() returns jsonb
language sql stable
as $$
  select coalesce(nullif(current_setting('baton.items', true), '')::jsonb, '[]')
$$;
