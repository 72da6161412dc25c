-- Takes blocked runs that this code knows: its manifest has their workflow in another shape than the one that blocked them.
create or replace function baton.take_unblocked(manifest jsonb, most integer) returns uuid[]
language plpgsql volatile
as $$
declare
  ids uuid[];
begin
  with taken as (
    delete from baton.blocked where ctid = any (array(
      select b.ctid from baton.blocked b
      join jsonb_to_recordset(manifest) as m (name text, version integer, shape text) on m.name = b.workflow and m.version = b.version
      where m.shape <> b.shape
      limit most for update of b skip locked))
    returning run_id
  )
  select array_agg(run_id) into ids from taken;
  return ids;
end
$$;
