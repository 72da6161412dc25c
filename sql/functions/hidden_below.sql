-- The node below which this path is not among the first 100 parts, such as `renditions` for
-- `renditions/00100/encode`; null: it is. below: only parts below this path are looked at.
-- An index stands right below a node of a chain: so it is every second name, and five digits that
-- somebody's memo has for a name are none. One expression, which becomes part of the statement.
create or replace function baton.hidden_below(path text, below text) returns text
language sql immutable parallel safe
as $$
  select below || substr(substring(regexp_replace(below, '[0-9]', 'x', 'g') || substr(path, length(below) + 1)
    from '^([^/]+?(?:/[^/]+/[^/]+)*?)/(?:00[1-9]|0[1-9][0-9]|[1-9][0-9][0-9])[0-9][0-9](?:/|$)'), length(below) + 1)
$$;
