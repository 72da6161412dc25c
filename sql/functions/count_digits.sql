-- How many significant digits a number has.
create or replace function baton.count_digits(number numeric) returns integer
language sql immutable
as $$ select length(trim(both '0' from translate(number::text, '-.', ''))) $$;
