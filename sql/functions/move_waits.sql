-- Gives those of some ready runs a time anew whose time the clock's jump has made wrong. Each keeps
-- its band, and its turn. A row that somebody holds is not waited for: false, if there was one.
create or replace function baton.move_waits(jump baton.clock, ids uuid[], run_ats timestamptz[], moment timestamptz) returns boolean
language plpgsql volatile
as $$
declare
  wrong record;
  moved integer;
begin
  select array_agg(n.id) as ids, array_agg(n.run_at) as run_ats, array_agg(n.due) as dues, count(*) as n into wrong
  from (
    select t.id, t.run_at, case when jump.set_to is null then greatest(t.run_at, t.due)
      when t.run_at > moment + interval '5 minutes' then least(t.run_at, greatest(coalesce(t.due, moment), moment)) else t.run_at end as due
    from unnest(ids, run_ats, baton.recompute_due(ids, jump.was, jump.set_to, moment)) as t (id, run_at, due)
  ) as n
  where n.due <> n.run_at;
  if wrong.n = 0 then
    return true;
  end if;
  with held as (
    select q.ctid from unnest(wrong.ids, wrong.run_ats) as w (id, run_at)
    cross join lateral (
      select r.ctid from baton.ready r where r.run_id = w.id and r.run_at = w.run_at for update skip locked) as q
  ), taken as (
    delete from baton.ready where ctid = any (array(select ctid from held)) returning run_id, band, bytes, begun
  )
  insert into baton.ready (run_id, band, run_at, bytes, begun)
  select t.run_id, t.band, w.due + w.nth * interval '1 microsecond', t.bytes, t.begun
  from unnest(wrong.ids, wrong.dues) with ordinality as w (id, due, nth)
  join taken t on t.run_id = w.id;
  get diagnostics moved = row_count;
  return moved = wrong.n;
end
$$;
