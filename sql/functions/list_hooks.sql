-- The hooks in a manifest, by workflow: { name, version } of what is started; null: nothing.
create or replace function baton.list_hooks(manifest jsonb) returns table (name text, version integer, failed jsonb, ended jsonb)
language sql immutable
as $$
  select m ->> 'name', (m ->> 'version')::integer,
    case when m #> '{hooks,failed}' is not null then
      jsonb_build_object('name', m #>> '{hooks,failed,name}', 'version', (m #>> '{hooks,failed,version}')::integer) end,
    case when m #> '{hooks,ended}' is not null then
      jsonb_build_object('name', m #>> '{hooks,ended,name}', 'version', (m #>> '{hooks,ended,version}')::integer) end
  from jsonb_array_elements(manifest) as m
$$;
