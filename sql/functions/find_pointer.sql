-- The JSON pointer (RFC 6901) of the first place where a value stands in a document.
create or replace function baton.find_pointer(document jsonb, wanted jsonb) returns text
language sql immutable
as $$
  with recursive part as (
    select '' as pointer, document as value
    union all
    select p.pointer || '/' || replace(replace(inner_part.key, '~', '~0'), '/', '~1'), inner_part.value
    from part p cross join lateral (
      select o.key, o.value from jsonb_each(case when jsonb_typeof(p.value) = 'object' then p.value end) as o
      union all
      select (a.nth - 1)::text, a.value
      from jsonb_array_elements(case when jsonb_typeof(p.value) = 'array' then p.value end) with ordinality as a (value, nth)
    ) as inner_part
  )
  select pointer from part where value = wanted limit 1
$$;
