-- Refuses a request whose "by" is no name of 1 to 200 characters (BT040). Without one, the login is
-- who acts.
create or replace function baton.require_actor(what text, given jsonb) returns void
language plpgsql immutable
as $$
begin
  perform baton.require_kind(what, given, 'string', '{by}');
  if length(given ->> 'by') not between 1 and 200 then
    raise exception '% has under "by" a name of % characters', what, length(given ->> 'by')
      using errcode = 'BT040', hint = 'Name who asks in 1 to 200 characters, or leave it out for the login. Nothing was done.';
  end if;
end
$$;
