-- Looks at up to so many ready runs, on from where jump says, and gives those a time anew that the
-- clock's jump would keep waiting, or would let start too early. Returns how far it has come; a
-- band of null: all were looked at.
-- A row that somebody holds is waited for by nobody: all are looked at once more then. Each keeps
-- its band, and its turn.
create or replace function baton.heal_waits(jump baton.clock, moment timestamptz, most integer) returns baton.clock
language plpgsql volatile
as $$
declare
  seen record;
  wrong record;
  moved integer;
begin
  while jump.band <= 8 and most > 0 loop
    select array_agg(q.run_id) as ids, array_agg(q.run_at) as run_ats, max(q.run_at) as last, count(*)::integer as n into seen
    from (
      select r.run_id, r.run_at from baton.ready r
      where r.band = jump.band and r.run_at > jump.run_at and r.run_at < baton.never()
      order by r.run_at fetch first most rows with ties
    ) as q;
    select array_agg(n.id) as ids, array_agg(n.run_at) as run_ats, array_agg(n.due) as dues, count(*) as n into wrong
    from (
      select t.id, t.run_at, case when jump.set_to is null then greatest(t.run_at, t.due)
        when t.run_at > moment + interval '5 minutes' then least(t.run_at, greatest(coalesce(t.due, moment), moment)) else t.run_at end as due
      from unnest(seen.ids, seen.run_ats, baton.due_again(seen.ids, jump.was, jump.set_to, moment)) as t (id, run_at, due)
    ) as n
    where n.due <> n.run_at;
    if wrong.n > 0 then
      with held as (
        select q.place from unnest(wrong.ids, wrong.run_ats) as w (id, run_at)
        cross join lateral (
          select r.ctid as place from baton.ready r where r.run_id = w.id and r.run_at = w.run_at for update skip locked) as q
      ), taken as (
        delete from baton.ready where ctid = any (array(select place from held)) returning run_id, band, bytes, begun
      )
      insert into baton.ready (run_id, band, run_at, bytes, begun)
      select t.run_id, t.band, w.due + w.nth * interval '1 microsecond', t.bytes, t.begun
      from unnest(wrong.ids, wrong.dues) with ordinality as w (id, due, nth)
      join taken t on t.run_id = w.id;
      get diagnostics moved = row_count;
      jump.again := jump.again or moved < wrong.n;
    end if;
    if seen.n < most then
      jump.band := jump.band + 1;
      jump.run_at := case when jump.set_to is null then jump.was - interval '15 minutes' else jump.set_to end;
    else
      jump.run_at := seen.last;
    end if;
    most := most - seen.n;
  end loop;
  if jump.band > 8 then
    jump.band := case when jump.again then 0 end;
    jump.again := false;
  end if;
  return jump;
end
$$;
