-- The JSON pointer (RFC 6901) of the first place where a value stands in a document.
create or replace function baton.pointer_to(document jsonb, wanted jsonb) returns text
language sql immutable
as $$
  with recursive place as (
    select '' as pointer, document as value
    union all
    select p.pointer || '/' || replace(replace(inner_place.key, '~', '~0'), '/', '~1'), inner_place.value
    from place p cross join lateral (
      select o.key, o.value from jsonb_each(case when jsonb_typeof(p.value) = 'object' then p.value end) as o
      union all
      select (a.nth - 1)::text, a.value
      from jsonb_array_elements(case when jsonb_typeof(p.value) = 'array' then p.value end) with ordinality as a (value, nth)
    ) as inner_place
  )
  select pointer from place where value = wanted limit 1
$$;
