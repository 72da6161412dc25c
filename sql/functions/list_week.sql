-- The newest runs of those that are asked for in a week, most of them at most, among its newest
-- entries: read as planned (see list_plan), as many as there may be runs, then four times as many,
-- and so on; where a source has no more than unseen, those of the smallest.
-- seen: how many entries it looked at, unseen at most; last: the oldest of them.
create or replace function baton.list_week(
  plan jsonb, placed uuid[], since uuid, before uuid, most integer, unseen integer, out ids uuid[], out seen integer, out last uuid)
language plpgsql stable
as $$
declare
  few uuid[] := baton.list_few(plan #> '{few,entries}', since, before, placed, unseen + 1);
  statement text := format(
    'select coalesce(array_agg(distinct id order by id desc) filter (where fits), ''{}'') as ids, count(*) as seen, (array_agg(id order by id))[1] as last
     from (select entry.id, %s as fits from (%s limit $4) as entry) as looked',
    case when few is null then plan ->> 'fits' else plan #>> '{few,fits}' end,
    case when few is null then plan ->> 'entries' else 'select f.id, true as fits from unnest($3) as f (id) where f.id < $2 order by f.id desc' end);
  step integer := most;
  look record;
begin
  ids := '{}';
  seen := 0;
  loop
    exit when few = '{}';
    step := least(step, unseen - seen);
    execute statement into look using since, before, coalesce(few, placed), step;
    ids := (ids || look.ids)[:most];
    seen := seen + look.seen;
    last := coalesce(look.last, last);
    exit when cardinality(ids) = most or look.seen < step or seen = unseen;
    before := last;
    step := step * 4;
  end loop;
end
$$;
