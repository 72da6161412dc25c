-- Notes how the numbers of a map's items change, { open?, behind?, failed? }, for settle_families
-- at the end of the transaction's call.
create or replace function baton.note_items(parent uuid, path text, change jsonb) returns void
language plpgsql volatile
as $$
begin
  perform set_config('baton.items', (baton.recall_items() || jsonb_build_array(change || jsonb_build_object('run', parent, 'path', path)))::text, true);
end
$$;
