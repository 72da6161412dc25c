-- The number of a queue; null: no poller of it has claimed yet, and nothing was parked for one.
create or replace function baton.find_queue(name text) returns smallint
language sql stable
as $$
  select case when find_queue.name = 'default' then 0::smallint else (select q.id from baton.queue q where q.name = find_queue.name) end
$$;
