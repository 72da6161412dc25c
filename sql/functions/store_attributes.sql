-- Stores the attributes of runs that were just stored, a row only where there are some: stored has
-- the ids of these runs, so that a repeat does not bring back what was changed since. More than 2
-- KiB of text is BT053, with the id as detail.
-- runs: one array for each column, as for store_runs.
create or replace function baton.store_attributes(runs jsonb, stored uuid[]) returns void
language plpgsql volatile
as $$
declare
  large record;
begin
  with given as (
    select r.id::uuid, baton.merge_attributes('{}', r.attributes) as attributes
    from rows from (jsonb_array_elements_text(runs -> 'id'), jsonb_array_elements(runs -> 'attributes')) as r (id, attributes)
    where jsonb_typeof(r.attributes) = 'object' and r.id::uuid = any (stored)
  ), kept as (
    insert into baton.attribute (run_id, attributes)
    select id, attributes from given where attributes <> '{}'
    returning run_id, octet_length(attributes::text) as bytes
  )
  select * into large from kept where bytes > 2048 limit 1;
  if found then
    raise exception 'the attributes of run % are % bytes of JSON as the database writes it, more than 2048', large.run_id, large.bytes
      using errcode = 'BT053', detail = large.run_id, hint = 'Keep in them what the run is found by, and the rest in its input.';
  end if;
end
$$;
