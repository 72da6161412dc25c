-- Takes suspects, the most suspicious first: 64 whose lease ran out once, 8 of twice, and one alone
-- from the third on.
-- request: as for claim. base: the first band of the queue.
-- poisoned: counts on for runs that were failed because no poller could take them.
create or replace function baton.take_suspects(
  request jsonb, base integer, moment timestamptz, inout poisoned integer, out ids uuid[], out begun_ids uuid[], out crashes integer)
language plpgsql volatile
as $$
declare
  got record;
begin
  for crashed in reverse 5 .. 1 loop
    got := baton.take_ready(base + 3 + crashed, case crashed when 1 then 64 when 2 then 8 else 1 end, 4194304, true, '-infinity', moment,
      request @? '$.manifest[*].waits', poisoned);
    poisoned := got.poisoned;
    if got.ids is not null then
      ids := got.ids;
      begun_ids := got.begun_ids;
      crashes := crashed;
      return;
    end if;
  end loop;
end
$$;
