-- The run to which signals by a key go; null: nobody owns it. One that has ended owns it for 7 days
-- more, so that a late copy of a signal is refused and not kept for somebody else.
create or replace function baton.find_owner(workflow text, name text, key text, moment timestamptz) returns uuid
language plpgsql stable
as $$
declare
  owner uuid := (
    select k.run_id from baton.signal_key k where k.workflow = find_owner.workflow and k.name = find_owner.name and k.key = find_owner.key);
begin
  if owner is null or baton.existing_runs(array[owner]) = '{}'
    or exists (select from baton.ending e where e.run_id = owner and e.at <= moment - interval '168 hours') then
    return null;
  end if;
  return owner;
end
$$;
