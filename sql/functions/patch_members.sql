-- Changes the attributes of members, as the attempts of a round asked for; in the order of ids, as
-- everybody takes rows of several runs. patches: [{ place, run, patch }]. Returns what was left out
-- because more than 2 KiB would have come of it, [{ run, bytes }], or null where nothing was.
create or replace function baton.patch_members(held baton.lease, patches jsonb, skipped uuid[]) returns jsonb
language plpgsql volatile
as $$
declare
  asked record;
  came record;
  left_out jsonb;
begin
  for asked in
    select p.run, p.patch from jsonb_to_recordset(patches) as p (place integer, run uuid, patch jsonb)
    where baton.has_member(held, p.place, p.run) and p.run <> all (skipped)
    order by p.run
  loop
    came := baton.patch_attributes(asked.run, asked.patch);
    if came.bytes > 2048 then
      left_out := coalesce(left_out, '[]') || jsonb_build_object('run', asked.run, 'bytes', came.bytes);
    end if;
  end loop;
  return left_out;
end
$$;
