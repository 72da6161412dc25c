-- Looks at up to so many ready runs, on from where jump says, and gives those a time anew that the
-- clock's jump would keep waiting, or would let start too early. Returns how far it has come; a
-- band of null: all were looked at.
-- Where a row was held by somebody, all are looked at once more.
create or replace function baton.heal_waits(jump baton.clock, moment timestamptz, most integer) returns baton.clock
language plpgsql volatile
as $$
declare
  seen record;
begin
  while jump.band is not null and most > 0 loop
    select array_agg(q.run_id) as ids, array_agg(q.run_at) as run_ats, max(q.run_at) as last, count(*)::integer as n into seen
    from (
      select r.run_id, r.run_at from baton.ready r
      where r.band = jump.band and r.run_at > jump.run_at and r.run_at < baton.never()
      order by r.run_at fetch first most rows with ties
    ) as q;
    if not baton.move_waits(jump, seen.ids, seen.run_ats, moment) then
      jump.again := true;
    end if;
    if seen.n < most then
      jump.band := (select min(b) from baton.list_bands() as b where b > jump.band);
      jump.run_at := case when jump.set_to is null then jump.was - interval '15 minutes' else jump.set_to end;
    else
      jump.run_at := seen.last;
    end if;
    most := most - seen.n;
  end loop;
  if jump.band is null then
    jump.band := case when jump.again then 0 end;
    jump.again := false;
  end if;
  return jump;
end
$$;
