-- What errors of one kind have in common: name and message, with # for every word that has a digit
-- in it, such as numbers, times, UUIDs and other ids, and for what such words are joined to by a
-- dot, a colon or the like. At most 200 characters of the message.
-- grant: baton_reader, baton_operator
create or replace function baton.fingerprint(name text, message text) returns text
language sql immutable parallel safe
as $$
  select concat_ws(': ', name,
    regexp_replace(left(message, 200), '[[:alpha:]_-]*[[:digit:]][[:alnum:]_-]*([.,:/+@#]+[[:alpha:]_-]*[[:digit:]][[:alnum:]_-]*)*', '#', 'g'))
$$;
