-- Stores the hooks of a claim's manifest for workflows of which nobody has said anything yet. What
-- is stored stays: pollers of two deployments work side by side, and claims of the older must not
-- take back what the newer has said. A deployment changes it (replace_hooks).
-- Each claim whose manifest has hooks looks, and nearly none writes.
create or replace function baton.add_hooks(manifest jsonb, moment timestamptz) returns void
language plpgsql volatile
as $$
begin
  perform baton.check_hooks(manifest);
  if exists (
    select from baton.list_hooks(manifest) as h
    where coalesce(h.failed, h.ended) is not null
      and not exists (select from baton.workflow w where w.name = h.name and w.version = h.version)
  ) then
    insert into baton.workflow (name, version, when_failed, when_ended, since)
    select h.name, h.version, h.failed, h.ended, moment
    from baton.list_hooks(manifest) as h
    where coalesce(h.failed, h.ended) is not null
    order by h.name, h.version
    on conflict do nothing;
  end if;
end
$$;
