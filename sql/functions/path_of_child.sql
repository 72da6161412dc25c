-- Where a child stands in its parent: its node, or, of an item of a map, that.
create or replace function baton.path_of_child(child baton.child) returns text
language sql immutable
as $$
  select child.path || case when child.item >= 0 then '/' || lpad(child.item::text, 5, '0') else '' end
$$;
