-- Forgets idempotency keys as fast as they come: twice as many as a call with keys brought, 64 at a
-- time, so in one of 32 calls with a single one. A look at the index for each key would walk over
-- the dead rows of all that were just forgotten.
-- Called last: who has locked a key that is over waits for nobody any more, so that no two calls
-- wait for each other in a circle.
create or replace function baton.forget_some(keys integer, moment timestamptz) returns void
language plpgsql volatile
as $$
begin
  if random() * 32 < keys then
    perform baton.forget_keys(greatest(2 * keys, 64), moment);
  end if;
end
$$;
