-- The number of a queue, which it gets if it has none. Who adds one at the same time takes the same
-- number, so one of them waits for the other and then finds its row.
create or replace function baton.add_queue(name text) returns smallint
language plpgsql volatile
as $$
declare
  number smallint := baton.find_queue(name);
begin
  while number is null loop
    insert into baton.queue (id, name) select coalesce(max(q.id), 0) + 1, add_queue.name from baton.queue q on conflict do nothing;
    number := baton.find_queue(name);
  end loop;
  return number;
end
$$;
