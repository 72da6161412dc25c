-- Attributes with a change: key by key at the top level, and null takes a key away.
create or replace function baton.merge_attributes(attributes jsonb, patch jsonb) returns jsonb
language sql immutable
as $$
  select coalesce(jsonb_object_agg(key, value) filter (where value <> 'null'), '{}') from jsonb_each(attributes || patch)
$$;
