-- Refuses a manifest whose hooks are none (BT040).
create or replace function baton.check_hooks(manifest jsonb) returns void
language plpgsql immutable
as $$
declare
  hooks jsonb;
  hook jsonb;
begin
  for hooks in select m -> 'hooks' from jsonb_array_elements(manifest) as m where m ? 'hooks' loop
    perform baton.require_keys('the hooks of the manifest', hooks, '{}', '{failed,ended}');
    for hook in select value from jsonb_each(hooks) loop
      perform baton.require_keys('a hook of the manifest', hook, '{name,version}', '{name,version}');
      perform baton.require_kind('a hook of the manifest', hook, 'string', '{name}');
      perform baton.require_kind('a hook of the manifest', hook, 'number', '{version}');
    end loop;
  end loop;
end
$$;
