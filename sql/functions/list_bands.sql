-- The bands of all queues, those of the default one first.
create or replace function baton.list_bands() returns setof integer
language sql stable
as $$
  select 16 * q.id + b.level
  from (select 0 as id union all select id from baton.queue) as q
  cross join generate_series(0, 8) as b (level)
  order by 1
$$;
