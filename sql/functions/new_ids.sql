-- So many UUIDv7 of the database's time, in order.
create or replace function baton.new_ids(amount integer) returns uuid[]
language sql volatile
as $$
  select array(
    select (substr(replace(t.id::text, '-', ''), 1, 12) || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14, 19))::uuid as id
    from generate_series(1, amount) cross join (select baton.id_at(baton.now()) as id) as t order by 1)
$$;
