-- Changes the attributes of one run key by key (baton.merge_attributes); without any left it has no
-- row. patched: as they are now, or would be; bytes: of their text. More than 2048 is too many, and
-- nothing is changed; changed says whether something was.
-- A rival that adds the row is waited for by the insert, and the next look finds what it committed.
-- Planned for the week of its id: a plan for any id locks the partitions of all weeks.
create or replace function baton.patch_attributes(id uuid, patch jsonb, out patched jsonb, out bytes integer, out changed boolean)
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
declare
  present jsonb;
begin
  loop
    select a.attributes into present from baton.attribute a where a.run_id = id for no key update;
    patched := baton.merge_attributes(coalesce(present, '{}'), patch);
    bytes := octet_length(patched::text);
    changed := bytes <= 2048 and patched <> coalesce(present, '{}');
    if not changed then
      return;
    elsif patched = '{}' then
      delete from baton.attribute a where a.run_id = id;
    elsif present is not null then
      update baton.attribute a set attributes = patched where a.run_id = id;
    else
      insert into baton.attribute (run_id, attributes) values (id, patched) on conflict do nothing;
    end if;
    exit when found;
  end loop;
end
$$;
