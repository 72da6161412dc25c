-- The texts and numbers in attributes, without the keys, as one text to search in. The search index
-- holds what it says: another text needs another name.
create or replace function baton.attribute_text(attributes jsonb) returns text
language sql immutable
as $$
  select string_agg(value #>> '{}', ' ')
  from jsonb_path_query(attributes, 'strict $.** ? (@.type() == "string" || @.type() == "number")') as value
$$;
