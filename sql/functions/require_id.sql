-- Refuses a call for no run, or by no lease (BT040). The answer null is for a run that is not
-- there.
create or replace function baton.require_id(what text, id uuid) returns void
language plpgsql immutable
as $$
begin
  if id is null then
    raise exception '% is null', what using errcode = 'BT040', hint = 'Name it by its uuid. Nothing was done.';
  end if;
end
$$;
